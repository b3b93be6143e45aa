"""KeptLabels: labelled prompts that stay with a router, to show which of them a new prompt resembles."""

from __future__ import annotations

import io
import json
from collections import Counter
from collections.abc import Iterator, Sequence
from math import log, sqrt

from routellm_core.checkpoints.explanation import Neighbour
from routellm_core.checkpoints.json_content import parse_json
from routellm_core.embedders.static import StaticEmbedder

LABELS_FILE = "labels.jsonl"

_LONGEST_ROW = 2**23
"""Bytes: a prompt of a million characters, whatever they are."""

_MOST_VALUES = 2**20
"""Of a row; the commas and brackets of its prompt count too."""

Kept = tuple[str, float | None, float | None]
"""A prompt, the quality of the strong model's answer and that of the weak one's; None if not graded."""


class KeptLabels:
    """Labelled prompts, found again by the tokens that they share with another prompt."""

    def __init__(self, labels: Sequence[Kept]) -> None:
        """Store the labels, as the bytes that they are saved as: few routers are ever asked for them."""
        rows = ({"prompt": text, "strong": strong, "weak": weak} for text, strong, weak in labels)
        self._content = "".join(json.dumps(row) + "\n" for row in rows).encode()
        self._labels: tuple[Kept, ...] | None = tuple(labels)
        self._tokens: list[frozenset[int]] | None = None

    @property
    def labels(self) -> tuple[Kept, ...]:
        """All labels."""
        if self._labels is None:
            self._labels = tuple(_rows(self._content))
        return self._labels

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
        return self._content

    @classmethod
    def from_bytes(cls, content: bytes) -> KeptLabels:
        """Check and keep what `to_bytes` wrote.

        Raises:
            ValueError: it is something else.
        """
        for _ in _rows(content):
            pass
        kept = cls(())
        kept._content, kept._labels = content, None
        return kept


def _rows(content: bytes) -> Iterator[Kept]:
    # One at a time: parsed, a file takes many times its size.
    with io.BytesIO(content) as lines:
        while line := lines.readline(_LONGEST_ROW + 1):
            if len(line) > _LONGEST_ROW:
                raise ValueError(f"{LABELS_FILE} holds a row of more than {_LONGEST_ROW} bytes")
            yield _row(parse_json(line, most_values=_MOST_VALUES))


def _row(row: object) -> Kept:
    match row:
        case {
            "prompt": str() as text,
            "strong": None | int() | float() as strong,
            "weak": None | int() | float() as weak,
        }:
            return text, strong, weak
    raise ValueError(f"{LABELS_FILE} holds a row without a prompt and both qualities")
