"""Ridge regression on rows that are dense in some columns and sparse in many; numpy only."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from routellm_core.logits import Floats

ITERATIONS = 300
TOLERANCE = 1e-7


@dataclass(frozen=True, eq=False)
class Rows:
    """n rows of k dense columns followed by s sparse ones.

    Attributes:
        dense: shape (n, k).
        values: shape (e,), the entries of the sparse part, row by row.
        columns: shape (e,), their columns, below `width`.
        rows: shape (e,), their rows, ascending.
        width: s.
    """

    dense: Floats
    values: Floats
    columns: npt.NDArray[np.int64]
    rows: npt.NDArray[np.int64]
    width: int

    @classmethod
    def of(cls, dense: Floats, sparse: Sequence[Mapping[int, float]], width: int) -> Rows:
        """Join dense columns, shape (n, k), and one mapping column -> value a row."""
        rows = np.repeat(np.arange(len(sparse)), [len(row) for row in sparse])
        columns = np.array([column for row in sparse for column in row], dtype=np.int64)
        values = np.array([value for row in sparse for value in row.values()], dtype=np.float64)
        return cls(dense, values, columns, rows.astype(np.int64), width)

    def __len__(self) -> int:
        return len(self.dense)

    def times(self, weights: Floats) -> Floats:
        """Return rows · weights, shape (n,), of weights of shape (k + s,)."""
        dense, sparse = np.split(weights, [self.dense.shape[1]])
        picked = np.bincount(self.rows, self.values * sparse[self.columns], len(self))
        product: Floats = self.dense @ dense + picked
        return product

    def transposed_times(self, residual: Floats) -> Floats:
        """Return rowsᵀ · residual, shape (k + s,), of a residual of shape (n,)."""
        sparse = np.bincount(self.columns, self.values * residual[self.rows], self.width)
        return np.concatenate([self.dense.T @ residual, sparse])

    def where(self, keep: npt.NDArray[np.bool_]) -> Rows:
        """Return the rows at which `keep`, shape (n,), is true."""
        entries = keep[self.rows]
        place = np.cumsum(keep) - 1
        return Rows(
            self.dense[keep],
            self.values[entries],
            self.columns[entries],
            place[self.rows[entries]],
            self.width,
        )


def fit_ridge(rows: Rows, target: Floats, weight: Floats, penalty: float) -> Floats:
    """Minimise Σ weight · (rows · b − target)² + penalty · |b|² by conjugate gradients; shape (k + s,)."""
    b = np.zeros(rows.dense.shape[1] + rows.width)
    residual = rows.transposed_times(weight * target)
    step, size = residual.copy(), float(residual @ residual)
    enough = TOLERANCE**2 * size
    for _ in range(ITERATIONS):
        if size <= enough:
            break
        image = rows.transposed_times(weight * rows.times(step)) + penalty * step
        length = size / float(step @ image)
        b += length * step
        residual -= length * image
        before, size = size, float(residual @ residual)
        step = residual + (size / before) * step
    return b
