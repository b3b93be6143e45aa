"""RatingScale: the share of prompts that a reader rates lower than a given rating."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from routellm_core.logits import Floats
from routellm_core.router import COARSE_QUANTILES, quantile_grid, quantiles_of

HIGHEST = 100

_EVEN = 0.02
"""Share of a uniform distribution mixed into a sample's, so that no two ratings have the same place."""

TYPICAL = (
    0.0,
    1.5,
    3.5,
    4.5,
    5.5,
    7.5,
    9.5,
    12.5,
    14.5,
    18.5,
    22.5,
    27.5,
    34.5,
    41.5,
    48.5,
    56.5,
    63.5,
    71.5,
)
TYPICAL += (83.5, 89.5, 101.0)
"""Quantiles of the ratings that one frontier model gave to the mix of prompts behind the default router's
score quantiles, at every 5 %. Other readers use the numbers otherwise: `ReaderRouter.fitted`."""


class RatingScale:
    """A distribution of ratings, by evenly spaced quantiles."""

    def __init__(self, quantiles: Sequence[float] | Floats = TYPICAL) -> None:
        """Store the quantiles.

        Args:
            quantiles: of rating + tie-break, strictly ascending from 0 to 101.

        Raises:
            ValueError: they are not.
        """
        array = np.asarray(quantiles, dtype=np.float64)
        ends = array.ndim == 1 and len(array) >= 2 and array[0] == 0.0 and array[-1] == HIGHEST + 1
        if not ends or not (np.diff(array) > 0.0).all():
            raise ValueError(f"a rating scale's quantiles must ascend strictly from 0 to {HIGHEST + 1}.")
        self.quantiles = array

    @classmethod
    def from_ratings(cls, ratings: Sequence[int]) -> RatingScale:
        """Return the scale of a sample of ratings, each in 0..100; equal ratings share their place evenly."""
        array = np.sort(np.asarray(ratings, dtype=np.float64))
        _, counts = np.unique(array, return_counts=True)
        ties = np.concatenate([(np.arange(count) + 0.5) / count for count in counts])
        spread = np.concatenate([[0.0], quantiles_of(array + ties, COARSE_QUANTILES)[1:-1], [HIGHEST + 1.0]])
        return cls((1.0 - _EVEN) * spread + _EVEN * (HIGHEST + 1.0) * quantile_grid(COARSE_QUANTILES))

    def places(self, ratings: Floats, ties: Floats) -> Floats:
        """Return each rating's place among all, in [0, 1].

        Args:
            ratings: shape (n,), 0 to 100.
            ties: shape (n,), in [0, 1]: the order among equal ratings.
        """
        places: Floats = np.interp(ratings + ties, self.quantiles, quantile_grid(len(self.quantiles)))
        return places
