"""EmbeddingParts: embeddings of a training's prompts, saved in parts: they may take hours or money."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from routellm_core.checkpoints.arrays import map_array, replace_array
from routellm_core.embedders.embedder import Embedder, check_embeddings

PART = 8192
"""Prompts in a part: several requests of an embedding API, which it answers at the same time."""


class EmbeddingParts:
    """A folder with one file per part; existing parts are not made again."""

    def __init__(self, embedder: Embedder, folder: Path, *, size: int = PART) -> None:
        """Store the parts' place and embedder.

        Args:
            embedder: makes missing parts.
            folder: for one embedder and one list of prompts, which the caller has checked on resuming.
            size: prompts in a part.
        """
        self._embedder = embedder
        self._folder = folder
        self._size = size

    def embed(
        self, prompts: Sequence[str], say: Callable[[str], None] = lambda line: None
    ) -> npt.NDArray[np.float64]:
        """Return the prompts' embeddings, shape (n, D).

        Raises:
            EmbedderError: the embedder failed; finished parts are kept.
        """
        starts = range(0, len(prompts), self._size)
        parts = []
        for start in starts:
            part = prompts[start : start + self._size]
            parts.append(self._part(start, part))
            if len(starts) > 1:
                say(f"embedded {start + len(part)} of {len(prompts)} prompts")
        return np.concatenate(parts)

    def _part(self, start: int, prompts: Sequence[str]) -> npt.NDArray[np.float64]:
        path = self._folder / f"embeddings-{start:09d}.npy"
        if not path.is_file():
            made = np.asarray(self._embedder.embed(prompts))
            check_embeddings(made, (len(prompts), None), type(self._embedder).__name__)
            replace_array(path, made)
        return np.asarray(map_array(path), dtype=np.float64)
