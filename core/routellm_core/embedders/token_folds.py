"""TokenFolds: a text's tokens projected on several directions at once, in one sum.

Differs from `token_sums.py` in that the projections of a token are fixed-point numbers side by side in one
integer, so that several directions cost one look-up and one addition a word, as one direction does.
"""

from __future__ import annotations

import struct

import numpy as np
import numpy.typing as npt

from routellm_core.embedders.static import StaticEmbedder
from routellm_core.embedders.token_sums import TokenSums

LARGEST = 2.0**12
"""A projection of one token has to be smaller than this, so that a text's sum stays inside its 64 bits."""

_ONE = 2.0**32
# Added to each projection, so that no part of a sum is negative.
_ORIGIN = 2.0**45


class TokenFolds:
    """text -> its tokens' mean along k directions, which is the static embedding's projection."""

    def __init__(self, static: StaticEmbedder, projections: npt.NDArray[np.float64]) -> None:
        """Pack the projections.

        Args:
            static: cuts the text; of its table nothing is read but which tokens are known.
            projections: shape (v, k), what each token has along each direction.

        Raises:
            ValueError: another number of tokens than the static table's, or a number that is too large.
        """
        if projections.ndim != 2 or len(projections) != len(static.scales):
            raise ValueError(
                f"projections has shape {projections.shape}, expected ({len(static.scales)}, k)."
            )
        if not (np.abs(projections) < LARGEST).all():
            raise ValueError(f"projections holds a number that is not between ±{LARGEST:g}.")
        self._directions = projections.shape[1]
        self._layout = f"<{self._directions + 1}Q"
        self._size = struct.calcsize(self._layout)
        self._sums = TokenSums(static, self._packed(projections, static.scales != 0))

    def __call__(self, text: str) -> list[float] | None:
        """Return the k means of a text that is clipped already; None if it has no known token."""
        total = self._sums(text)
        if not total:
            return None
        *sums, count = struct.unpack(self._layout, total.to_bytes(self._size, "little"))
        return [(part / count - _ORIGIN) / _ONE for part in sums]

    def _packed(self, projections: npt.NDArray[np.float64], known: npt.NDArray[np.bool_]) -> list[int]:
        rows = np.ones((len(projections), self._directions + 1), dtype="<u8")
        rows[:, :-1] = np.rint(projections * _ONE + _ORIGIN)
        rows[~known] = 0
        packed, size = rows.tobytes(), self._size
        return [
            int.from_bytes(packed[start : start + size], "little") for start in range(0, len(packed), size)
        ]
