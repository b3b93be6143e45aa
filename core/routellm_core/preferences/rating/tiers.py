"""Tiers: groups of models of similar strength, because any two models share few battles (paper, section 4).

The cut of the sorted ratings into a given number of tiers with the least sum of the tiers' variances, found
exactly by dynamic programming. The sum is of variances, as in the paper and its code, not of squared
deviations: a large tier does not weigh more than a small one.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

TIERS = 10
"""The paper's number of tiers, for 64 models."""


def tiers_of(ratings: Mapping[str, float], count: int | None = None) -> dict[str, int]:
    """Put each model into a tier.

    Args:
        ratings: model -> rating, on any scale, higher is better.
        count: how many tiers, none of them empty; None for `TIERS`, or one per model if there are fewer.

    Returns:
        model -> tier, 0 the best, in descending order of rating.

    Raises:
        ValueError: no models, a rating that is not finite, or more tiers than models.
    """
    if not ratings:
        raise ValueError("there are no ratings to make tiers of.")
    for model, rating in ratings.items():
        if not math.isfinite(rating):
            raise ValueError(f"the rating of {model!r} is {rating!r}, expected a finite number.")
    wanted = min(TIERS, len(ratings)) if count is None else count
    if isinstance(wanted, bool) or not isinstance(wanted, int) or not 1 <= wanted <= len(ratings):
        raise ValueError(
            f"tiers is {count!r}, expected a whole number from 1 to {len(ratings)}, the number of models."
        )
    models = sorted(ratings, key=lambda model: -ratings[model])
    sizes = np.diff(least_variance_cuts(np.array([ratings[model] for model in models]), wanted))
    return dict(zip(models, np.repeat(np.arange(wanted), sizes).tolist(), strict=True))


def least_variance_cuts(values: npt.NDArray[np.float64], count: int) -> list[int]:
    """Cut sorted values into `count` runs with the least sum of the runs' variances.

    Args:
        values: shape (n,), sorted either way.
        count: from 1 to n.

    Returns:
        count + 1 ascending positions from 0 to n: run k is values[cuts[k] : cuts[k + 1]].
    """
    cost = _run_variances(values)  # (n + 1, n + 1)
    best = cost[0]  # (n + 1,): the least sum over the first j values, with the runs so far
    last = []
    for _ in range(count - 1):
        sums = best[:, None] + cost  # [i, j]: the next run is values[i:j]
        last.append(sums.argmin(axis=0))
        best = sums.min(axis=0)
    cuts = [len(values)]
    for start in reversed(last):
        cuts.append(int(start[cuts[-1]]))
    return [0, *reversed(cuts)]


def _run_variances(values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    # [i, j] is the variance of values[i:j], infinite for an empty run.
    centred = values - values.mean()  # else the difference of the sums would lose digits
    sums = np.concatenate([[0.0], np.cumsum(centred)])
    squares = np.concatenate([[0.0], np.cumsum(centred**2)])
    edges = np.arange(len(values) + 1)
    length = edges[None, :] - edges[:, None]
    safe = np.maximum(length, 1)
    means = (sums[None, :] - sums[:, None]) / safe
    variances = np.maximum((squares[None, :] - squares[:, None]) / safe - means**2, 0.0)
    # A single value has no variance; rounding would hide that.
    return np.where(length < 1, np.inf, np.where(length == 1, 0.0, variances))
