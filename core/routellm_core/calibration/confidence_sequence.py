"""Confidence sequence: an interval for a mean that holds at all evaluations at once, however many.

For each candidate mean m, one bettor bets on each value in turn that the mean is higher, another that it is
lower, with stakes that depend only on the earlier values. If m is the mean, each wealth reaches 2/α with
probability at most α/2 (Ville), so every m that was bet down at any time is ruled out for good.
Waudby-Smith and Ramdas, "Estimating means of bounded random variables by betting", 2024, theorem 3, with
their predictable plug-in stakes.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from routellm_core.logits import Floats

LARGEST_STAKE = 0.75
"""Fraction of the stake at which a single value could lose everything."""

_HALVINGS = 16
"""Bisection steps for an endpoint: found within 0.002 % of the range, rounded outward."""

_SHARE_SCALE = 100.0
"""ρ of the mixture: the share's interval is tightest for some hundreds to thousands of calls."""


class Interval(NamedTuple):
    """An interval, both ends included."""

    low: float
    high: float

    def times(self, other: Interval) -> Interval:
        """Return the interval of a product whose factors lie in these two."""
        ends = [mine * its for mine in self for its in other]
        return Interval(min(ends), max(ends))


def mean_interval(values: Floats, low: float, high: float, alpha: float) -> Interval:
    """Return an interval that covers the mean, with probability 1 − alpha, at every number of values at once.

    Args:
        values: shape (n,), in the order they were drawn in; each has the same mean given those before it.
        low: no value is below it.
        high: no value is above it.
        alpha: in (0, 1).

    Raises:
        ValueError: the bounds are not a range, or a value is outside them.
    """
    if not -math.inf < low < high < math.inf:
        raise ValueError(f"the bounds are {low:g} and {high:g}, expected a range.")
    if values.size and not (values.min() >= low and values.max() <= high):
        raise ValueError(f"a value is outside the bounds of {low:g} and {high:g}.")
    unit = (values - low) / (high - low)
    stakes = _stakes(unit, alpha)
    below = _ruled_out_below(unit, stakes, alpha)
    above = _ruled_out_below(1.0 - unit, stakes, alpha)
    return Interval(low + below * (high - low), high - above * (high - low))


def share_interval(hits: int, calls: int, alpha: float) -> Interval:
    """Return an interval for a probability from counts; it also holds at every number of calls at once.

    Robbins' normal mixture for values of variance proxy 1/4; coarser than betting, and free for millions.
    """
    if calls == 0:
        return Interval(0.0, 1.0)
    spread = calls / 4.0 + _SHARE_SCALE
    radius = math.sqrt(spread * math.log(spread / (_SHARE_SCALE * alpha**2))) / calls
    share = hits / calls
    return Interval(max(0.0, share - radius), min(1.0, share + radius))


def _stakes(unit: Floats, alpha: float) -> Floats:
    """Return λ for each value, shape (n,), from the variance of those before it."""
    count = np.arange(1, len(unit) + 1)
    means = (0.5 + np.cumsum(unit)) / (count + 1)
    squares = np.cumsum((unit - means) ** 2)
    before = (0.25 + np.concatenate([[0.0], squares[:-1]])) / count if len(unit) else squares
    stakes: Floats = np.sqrt(2.0 * math.log(2.0 / alpha) / (before * count * np.log1p(count)))
    return stakes


def _ruled_out_below(unit: Floats, stakes: Floats, alpha: float) -> float:
    """Return the largest candidate in [0, 1] that the bets on a higher mean rule out; 0 for none."""
    needed = math.log(2.0 / alpha)

    def ruled_out(candidate: float) -> bool:
        stake = np.minimum(stakes, LARGEST_STAKE / candidate)
        return bool(np.cumsum(np.log1p(stake * (unit - candidate))).max() >= needed)

    if not len(unit):
        return 0.0
    # The wealth falls with the candidate, at every time and whatever the values.
    low, high = 0.0, 1.0
    for _ in range(_HALVINGS):
        middle = (low + high) / 2.0
        low, high = (middle, high) if ruled_out(middle) else (low, middle)
    return low
