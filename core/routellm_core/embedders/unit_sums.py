"""UnitSums: what a text's units add to a score, with a memory of units.

A unit's part never changes, so that an ordinary prompt costs two look-ups and two additions a word.
"""

from __future__ import annotations

from collections.abc import Collection
from math import sqrt
from typing import Any

import numpy as np
import numpy.typing as npt

from routellm_core.embedders.decorations import is_decoration
from routellm_core.embedders.pieces import Pieces
from routellm_core.embedders.scripts import is_unspaced
from routellm_core.embedders.word_shapes import LONGEST_WORD, MAX_WORDS

Weights = npt.NDArray[np.float16]


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
        self._roots = _Roots(self)

    def __call__(self, units: Collection[str]) -> float:
        """Return the sum; units without any known piece add nothing."""
        roots = self._roots
        total = sum(map(roots.__getitem__, units), 0j)
        if not total.imag:
            return 0.0
        found = total.real / sqrt(total.imag)
        if self.plain is not None:
            found += sum(map(roots.plains.__getitem__, units))
        return found

    def parts(self, units: Collection[str]) -> dict[str, float]:
        """Return what each known unit adds; the sum over all of them is `__call__`'s."""
        known = sum(self._roots[unit].imag for unit in units)
        return {
            unit: self._roots[unit].real / sqrt(known) + self._roots.plains[unit]
            for unit in units
            if self._roots[unit].imag
        }

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


class _Roots(dict[str, complex]):
    """Unit -> its part of the first sum, with 1 as imaginary part where it is known.

    `plains` has its part of the second sum, put there at the same time.
    """

    def __init__(self, sums: UnitSums) -> None:
        super().__init__()
        self._sums = sums
        self.plains = _Plains(self)

    def __missing__(self, unit: str) -> complex:
        found, plain = self.measured(unit)
        if len(unit) <= LONGEST_WORD:
            if len(self) >= MAX_WORDS:
                self.clear()
                self.plains.clear()
            self[unit] = found
            self.plains[unit] = plain
        return found

    def measured(self, unit: str) -> tuple[complex, float]:
        """Return both parts of a unit."""
        sums = self._sums
        ids = sums.ids(unit)
        if not ids:
            return 0j, 0.0
        plain = 0.0 if sums.plain is None else sum(float(sums.plain[piece]) for piece in ids)
        return complex(sum(float(sums.root[piece]) for piece in ids), 1.0), plain


class _Plains(dict[str, float]):
    """Unit -> its part of the second sum; what is not remembered is measured again."""

    def __init__(self, roots: _Roots) -> None:
        super().__init__()
        self._roots = roots

    def __missing__(self, unit: str) -> float:
        return self._roots.measured(unit)[1]
