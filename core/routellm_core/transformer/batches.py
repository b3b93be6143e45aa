"""TokenBatch: rows of token ids of similar length, padded to one rectangle."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True)
class TokenBatch:
    """b of n rows.

    Attributes:
        positions: shape (b,), where each row stood among the n.
        ids: shape (b, L), token ids, padded at the end.
        mask: shape (b, L), 1 for a token and 0 for padding.
    """

    positions: npt.NDArray[np.int64]
    ids: npt.NDArray[np.int64]
    mask: npt.NDArray[np.int64]


def token_batches(rows: Sequence[Sequence[int]], size: int, pad: int) -> Iterator[TokenBatch]:
    """Yield the rows in batches of at most `size`, longest first, so that little is padded.

    Args:
        rows: n non-empty lists of token ids.
        size: rows in a batch at most.
        pad: the id of the padding token, which the mask hides.
    """
    order = np.argsort([-len(row) for row in rows], kind="stable")
    for start in range(0, len(rows), size):
        positions = order[start : start + size]
        longest = len(rows[positions[0]])
        ids = np.full((len(positions), longest), pad, dtype=np.int64)
        mask = np.zeros_like(ids)
        for line, position in enumerate(positions):
            row = rows[position]
            ids[line, : len(row)] = row
            mask[line, : len(row)] = 1
        yield TokenBatch(positions, ids, mask)
