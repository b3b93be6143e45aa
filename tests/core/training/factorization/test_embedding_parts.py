"""Embedding parts: none is made twice."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from routellm_core.embedders.embedder import Embeddings
from routellm_core.training.factorization.embedding_parts import EmbeddingParts


class Counting:
    """Embeds a prompt as its length, and fails after so many prompts."""

    def __init__(self, fails_after: int) -> None:
        self.left = fails_after
        self.asked: list[str] = []

    def embed(self, prompts: Sequence[str]) -> Embeddings:
        self.left -= len(prompts)
        if self.left < 0:
            raise ConnectionError("the embedding API is away")
        self.asked += prompts
        return np.array([[len(prompt), 1.0] for prompt in prompts], dtype=np.float32)


def test_no_part_is_embedded_twice(tmp_path: Path) -> None:
    prompts = [f"{'x' * number}" for number in range(1, 12)]
    lines: list[str] = []
    with pytest.raises(ConnectionError):
        EmbeddingParts(Counting(fails_after=8), tmp_path, size=4).embed(prompts, lines.append)
    assert lines == ["embedded 4 of 11 prompts", "embedded 8 of 11 prompts"]

    second = Counting(fails_after=3)
    found = EmbeddingParts(second, tmp_path, size=4).embed(prompts)
    assert second.asked == prompts[8:]
    assert found.tolist() == [[float(number), 1.0] for number in range(1, 12)]
    assert found.dtype == np.float64
