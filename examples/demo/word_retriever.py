"""WordRetriever: finds passages by the words they share with a question, without embeddings or network."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Sequence

from llama_index.core.retrievers import BaseRetriever
from llama_index.core.schema import BaseNode, NodeWithScore, QueryBundle


class WordRetriever(BaseRetriever):
    """Ranks nodes by TF-IDF: a word that few nodes hold counts more, and so does one that is used often."""

    def __init__(self, nodes: Sequence[BaseNode], *, top: int = 2) -> None:
        self._nodes = nodes
        self._top = top
        self._counts = [Counter(_words(node.get_content())) for node in nodes]
        self._holders = Counter(word for counts in self._counts for word in counts)
        super().__init__()

    def _retrieve(self, query_bundle: QueryBundle) -> list[NodeWithScore]:
        asked = set(_words(query_bundle.query_str))
        scored = [
            NodeWithScore(node=node, score=self._score(asked, counts))
            for node, counts in zip(self._nodes, self._counts, strict=True)
        ]
        return sorted(scored, key=lambda found: -(found.score or 0.0))[: self._top]

    def _score(self, asked: set[str], counts: Counter[str]) -> float:
        # Sorted, so that rounding is the same in every run.
        return sum(
            (1 + math.log(counts[word])) * math.log(len(self._nodes) / self._holders[word])
            for word in sorted(asked & counts.keys())
        ) / math.sqrt(1 + counts.total())


def _words(text: str) -> list[str]:
    return re.findall(r"[a-z0-9]+", text.lower())
