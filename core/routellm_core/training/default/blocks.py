"""Blocks: what a ridge regression reads of texts, and how its weights become a router's direction.

A text has an embedding (the vectors of its units' pieces, summed and divided by the square root of the number
of units), a column for each piece that training texts share, and the features of its shape.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
import numpy.typing as npt

from routellm_core.embedders.pieces import Pieces
from routellm_core.embedders.shape import FEATURES
from routellm_core.embedders.shape_features import ShapeFeatures
from routellm_core.embedders.unit_sums import UnitSums
from routellm_core.embedders.units import units_of, window
from routellm_core.logits import Floats
from routellm_core.training.default.ridge import Rows

LEAST_TEXTS = 3
"""Training texts that must hold a piece for it to have a column of its own."""


@dataclass(frozen=True, eq=False)
class Table:
    """The vocabulary and the vector of each piece, shape (v, d)."""

    pieces: Pieces
    vectors: npt.NDArray[np.float32]

    def reader(self, *, reads_numbers: bool) -> Callable[[Sequence[str]], list[list[int]]]:
        """Return the function words -> the pieces of each of their known units, as the router reads them."""
        nothing = np.zeros(len(self.pieces), np.float16)
        ids_of = cache(UnitSums(self.pieces, nothing, None, reads_numbers=reads_numbers).ids)

        def read(words: Sequence[str]) -> list[list[int]]:
            lowered = " ".join(words).lower().split()
            # in a fixed order, for sums of floating numbers depend on it
            units = sorted(units_of(lowered if reads_numbers else window(lowered)))
            return [ids for ids in map(ids_of, units) if ids]

        return read


@dataclass(frozen=True, eq=False)
class Embedded:
    """The embeddings of n texts, centred and of mean square length 1.

    Attributes:
        values: shape (n, d).
        centre: shape (d,), what was taken off.
        scale: what the rest was multiplied with.
    """

    values: Floats
    centre: Floats
    scale: float

    @classmethod
    def of(cls, table: Table, texts: Sequence[list[list[int]]]) -> Embedded:
        """Embed texts given by the pieces of their units."""
        raw = np.zeros((len(texts), table.vectors.shape[1]))
        for row, units in zip(raw, texts, strict=True):
            if units:
                ids = [piece for unit in units for piece in unit]
                row[:] = table.vectors[ids].astype(np.float64).sum(axis=0) / np.sqrt(len(units))
        centre = raw.mean(axis=0)
        scale = _scale(raw - centre)
        return cls((raw - centre) * scale, centre, scale)

    def root(self, table: Table, weights: Floats) -> Floats:
        """Return what each piece adds, shape (v,), for weights of shape (d,)."""
        added: Floats = table.vectors.astype(np.float64) @ (self.scale * weights)
        return added

    def constant(self, weights: Floats) -> float:
        """Return what the centre adds."""
        return -self.scale * float(self.centre @ weights)


@dataclass(frozen=True, eq=False)
class Columns:
    """A column for each piece that `LEAST_TEXTS` texts hold: how often their units do.

    Attributes:
        rows: one mapping column -> value a text.
        pieces: shape (s,), the piece of each column.
        scales: shape (s,), what a count in each column was multiplied with.
    """

    rows: list[dict[int, float]]
    pieces: npt.NDArray[np.int64]
    scales: Floats

    @classmethod
    def of(cls, texts: Sequence[list[list[int]]], scale_of: Callable[[int], float], *, root: bool) -> Columns:
        """Count pieces.

        Args:
            texts: the pieces of each text's units.
            scale_of: piece -> how freely it may have a weight; the mean square length of all rows is 1 where
                it is 1 for all.
            root: whether a text's counts are divided by the square root of the number of its units.
        """
        counts = [Counter(piece for unit in units for piece in unit) for units in texts]
        held = Counter(piece for count in counts for piece in count)
        pieces = sorted(piece for piece, texts_with in held.items() if texts_with >= LEAST_TEXTS)
        column = {piece: position for position, piece in enumerate(pieces)}
        shares = [1.0 / np.sqrt(len(units)) if root and units else 1.0 for units in texts]
        rows = [
            {column[piece]: share * number for piece, number in sorted(count.items()) if piece in column}
            for count, share in zip(counts, shares, strict=True)
        ]
        square = sum(value * value for row in rows for value in row.values()) / len(rows)
        scales = np.array([scale_of(piece) for piece in pieces]) / np.sqrt(square)
        rows = [{at: float(value * scales[at]) for at, value in row.items()} for row in rows]
        return cls(rows, np.array(pieces), scales)

    def weights(self, size: int, found: Floats) -> Floats:
        """Return what each of `size` pieces adds, for weights of shape (s,)."""
        added = np.zeros(size)
        added[self.pieces] = found * self.scales
        return added


@dataclass(frozen=True, eq=False)
class Shapes:
    """Standardised features of shape, each times a scale.

    Attributes:
        values: shape (n, k), of the features whose scale is not 0.
        features: centre and spread.
        scales: shape (len(FEATURES),).
    """

    values: Floats
    features: ShapeFeatures
    scales: Floats

    @classmethod
    def of(cls, raw: Floats, features: ShapeFeatures, scales: Floats) -> Shapes:
        """Scale features, measured on n texts, shape (n, len(FEATURES))."""
        return cls((features.standardised(raw) * scales)[:, scales > 0], features, scales)

    def weights(self, found: Floats) -> Floats:
        """Return each standardised feature's weight, shape (len(FEATURES),), for weights of shape (k,)."""
        weights = np.zeros(len(FEATURES))
        weights[self.scales > 0] = found
        return weights * self.scales


def shape_scales(raw: Floats, features: ShapeFeatures, names: Sequence[str], scale: float) -> Floats:
    """Return scales at which the named features have a mean square length of `scale` squared together."""
    chosen = np.array([name in names for name in FEATURES])
    return np.where(chosen, scale * _scale(features.standardised(raw)[:, chosen]), 0.0)


def rows_of(dense: Sequence[Floats], columns: Columns) -> Rows:
    """Join the blocks of a regression."""
    return Rows.of(np.concatenate(dense, axis=1), columns.rows, len(columns.pieces))


def _scale(values: Floats) -> float:
    square = float((values**2).sum(axis=1).mean())
    return 1.0 / np.sqrt(square) if square > 0.0 else 1.0
