"""UnitSums: what a text's units add to a score, with a memory of units.

A unit's part never changes, so that an ordinary prompt costs one look-up and one addition a word.
"""

from __future__ import annotations

import struct
from collections.abc import Collection
from math import sqrt
from typing import Any

import numpy as np
import numpy.typing as npt

from routellm_core.embedders.pieces import Pieces
from routellm_core.embedders.scripts import is_unspaced
from routellm_core.embedders.word_shapes import LONGEST_WORD, MAX_WORDS, is_decoration

Weights = npt.NDArray[np.float16]

# Every float16 is a multiple of this, so that sums of whole numbers are exact.
_STEP = 2.0**-24
# Added to each part, so that no sum is negative: a unit has 2^5 pieces at most, each below 2^40 steps.
_ORIGIN = 2**45
_SUMS = struct.Struct("<3Q")
_COUNT = 1 << 128


class UnitSums:
    """units -> Σ root / √(number of known units) + Σ plain, over the pieces of the units.

    The first part is an embedding's: a mean that grows with the square root of the number of units. The
    second is a plain sum of what each piece says by itself.
    """

    def __init__(self, pieces: Pieces, root: Weights, plain: Weights | None, *, reads_numbers: bool) -> None:
        """Store the parts.

        Args:
            pieces: the vocabulary, v pieces.
            root: shape (v,), what a piece adds to the first sum.
            plain: shape (v,), what a piece adds to the second; None for nothing.
            reads_numbers: whether decorations are read too, see `is_decoration`.

        Raises:
            ValueError: shapes that do not fit the vocabulary, or a weight that is not finite.
        """
        for name, weights in (("root", root), ("plain", plain)):
            fits = weights is None or (weights.shape == (len(pieces),) and np.isfinite(weights).all())
            if not fits:
                raise ValueError(f"{name} is not of shape ({len(pieces)},) or not finite.")
        self.pieces = pieces
        self.root, self.plain = root, plain
        self.reads_numbers = reads_numbers
        self._known = _Known(self)

    def __call__(self, units: Collection[str]) -> float:
        """Return the sum; units without any known piece add nothing."""
        total = sum(map(self._known.__getitem__, units))
        if not total:
            return 0.0
        sums: tuple[int, int, int] = _SUMS.unpack(total.to_bytes(_SUMS.size, "little"))
        root, plain, count = sums
        origin = count * _ORIGIN
        return (root - origin) * _STEP / sqrt(count) + (plain - origin) * _STEP

    def parts(self, units: Collection[str]) -> dict[str, float]:
        """Return what each known unit adds; the sum over all of them is `__call__`'s."""
        cut = {unit: ids for unit in units if (ids := self.ids(unit))}
        return {
            unit: self._sum(self.root, ids) / sqrt(len(cut)) + self._sum(self.plain, ids)
            for unit, ids in cut.items()
        }

    def packed(self, unit: str) -> int:
        """Return both sums of a unit in steps, and a one, side by side in one integer; 0 if it is unknown."""
        ids = self.ids(unit)
        if not ids:
            return 0
        root, plain = (
            round(self._sum(weights, ids) / _STEP) + _ORIGIN for weights in (self.root, self.plain)
        )
        return root + (plain << 64) + _COUNT

    @staticmethod
    def _sum(weights: Weights | None, ids: list[int]) -> float:
        return 0.0 if weights is None else sum(float(weights[piece]) for piece in ids)

    def ids(self, unit: str) -> list[int]:
        """Return the pieces of a unit."""
        if is_unspaced(unit):
            found = self.pieces.id_of(unit)
            return [] if found is None else [found]
        if not self.reads_numbers and is_decoration(unit):
            return []
        return self.pieces.cut(unit)

    def __getstate__(self) -> dict[str, Any]:
        """Leave the memory out of copies and pickles."""
        names = ("pieces", "root", "plain", "reads_numbers")
        return {name: getattr(self, name) for name in names}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__init__(**state)  # type: ignore[misc]  # what __init__ takes is all there is


class _Known(dict[str, int]):
    """Unit -> its packed parts; made when a unit is met for the first time."""

    def __init__(self, sums: UnitSums) -> None:
        super().__init__()
        self._sums = sums

    def __missing__(self, unit: str) -> int:
        found = self._sums.packed(unit)
        if len(unit) <= LONGEST_WORD:
            if len(self) >= MAX_WORDS:
                self.clear()
            self[unit] = found
        return found
