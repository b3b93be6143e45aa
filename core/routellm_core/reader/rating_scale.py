"""RatingScale: the share of prompts that a reader rates lower than a given rating."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from routellm_core.logits import Floats
from routellm_core.router import quantile_grid

_EDGES = np.arange(102.0)
"""Where each rating of 0 to 100 begins and the last one ends: a rating of r lies between r and r + 1."""

_EVEN = 0.02
"""Share of a uniform distribution mixed into a sample's, so that no two ratings have the same place."""

TYPICAL = (
    *(0.0, 2.5, 3.5, 5.5, 6.5, 8.5, 10.5, 13.5, 15.5, 18.5, 21.5),
    *(25.0, 30.5, 36.5, 44.5, 52.5, 60.5, 67.5, 77.5, 86.5, 101.0),
)
"""Quantiles of the ratings that one frontier model gave to the mix of prompts behind the default router's
score quantiles, at every 5 %. Other readers use the numbers otherwise: `ReaderRouter.fitted`."""


class RatingScale:
    """A distribution of ratings."""

    def __init__(self, shares: Floats | None = None) -> None:
        """Store the shares.

        Args:
            shares: shape (102,), the share of ratings below 0, 1, ..., 101, strictly ascending from 0 to 1;
                None: `TYPICAL`.

        Raises:
            ValueError: they are not.
        """
        if shares is None:
            shares = np.interp(_EDGES, TYPICAL, quantile_grid(len(TYPICAL)))
        array = np.asarray(shares, dtype=np.float64)
        if array.shape != _EDGES.shape or array[0] != 0.0 or not np.isclose(array[-1], 1.0):
            raise ValueError(f"a rating scale must have {len(_EDGES)} shares from 0 to 1.")
        if not (np.diff(array) > 0.0).all():
            raise ValueError("a rating scale's shares must ascend strictly.")
        self.shares = array

    @classmethod
    def from_ratings(cls, ratings: Sequence[int]) -> RatingScale:
        """Return the scale of a sample of ratings, each in 0..100."""
        counts = np.bincount(np.asarray(ratings, dtype=np.intp), minlength=len(_EDGES) - 1)
        mass = (1.0 - _EVEN) * counts / counts.sum() + _EVEN / len(counts)
        return cls(np.concatenate([[0.0], np.cumsum(mass)]))

    def places(self, ratings: Floats, ties: Floats) -> Floats:
        """Return each rating's place among all, in [0, 1].

        Args:
            ratings: shape (n,), 0 to 100.
            ties: shape (n,), in [0, 1]: the order among equal ratings.
        """
        places: Floats = np.minimum(np.interp(ratings + ties, _EDGES, self.shares), 1.0)
        return places
