"""KeptLabels: labelled prompts that stay with a router, to show which of them a new prompt resembles."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from math import log, sqrt

from routellm_core.checkpoints.explanation import Neighbour
from routellm_core.embedders.static import StaticEmbedder

LABELS_FILE = "labels.jsonl"


class KeptLabels:
    """Labelled prompts, found again by the tokens that they share with another prompt."""

    def __init__(self, labels: Sequence[tuple[str, float | None, float | None]]) -> None:
        """Store the labels.

        Args:
            labels: prompt, quality of the strong model's answer, of the weak one's; None if not graded.
        """
        self.labels = tuple(labels)
        self._tokens: list[frozenset[int]] | None = None

    def nearest(self, prompt: str, static: StaticEmbedder, count: int) -> tuple[Neighbour, ...]:
        """Return the labels that share most with a prompt, nearest first; those that share nothing are none.

        Args:
            prompt: any text.
            static: cuts texts into tokens.
            count: how many at most.
        """
        if self._tokens is None:
            self._tokens = [frozenset(static.token_ids(text)) for text, _, _ in self.labels]
        seen = Counter(token for tokens in self._tokens for token in tokens)
        weights = {token: log(1 + len(self.labels) / often) ** 2 for token, often in seen.items()}
        wanted = frozenset(static.token_ids(prompt))
        length = sqrt(sum(weights.get(token, log(1 + len(self.labels)) ** 2) for token in wanted))
        found: list[Neighbour] = []
        for (text, strong, weak), tokens in zip(self.labels, self._tokens, strict=True):
            shared = sum(weights[token] for token in wanted & tokens)
            if shared:
                other = sqrt(sum(weights[token] for token in tokens))
                found.append(Neighbour(text, shared / (length * other), strong, weak))
        return tuple(sorted(found, key=lambda near: -near.similarity)[:count])

    def to_bytes(self) -> bytes:
        """Return the labels as JSON Lines."""
        rows = ({"prompt": text, "strong": strong, "weak": weak} for text, strong, weak in self.labels)
        return "".join(json.dumps(row) + "\n" for row in rows).encode()

    @classmethod
    def from_bytes(cls, content: bytes) -> KeptLabels:
        """Read what `to_bytes` wrote; ValueError, KeyError or TypeError if it is something else."""
        rows = [json.loads(line) for line in content.decode().splitlines()]
        return cls([(str(row["prompt"]), row["strong"], row["weak"]) for row in rows])
