"""Percentile: where a score stands among others."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from typing import overload

from routellm_core.logits import Floats


@overload
def percentile_of(score: float, ascending: Sequence[float] | Floats) -> float: ...


@overload
def percentile_of(score: float, ascending: Floats | None) -> float | None: ...


def percentile_of(score: float, ascending: Sequence[float] | Floats | None) -> float | None:
    """Return the share of scores that lie below one, in percent, 0 to 100; half of those that equal it count.

    Args:
        score: in [0, 1].
        ascending: at least one score, or evenly spaced quantiles of many; None gives None.
    """
    if ascending is None:
        return None
    below = up_to = bisect_left(ascending, score)
    # Few scores equal another one, and a second search costs as much as the first.
    if below < len(ascending) and ascending[below] == score:
        up_to = bisect_right(ascending, score, below)
    return 50.0 * (below + up_to) / len(ascending)


def two_places(percentage: float) -> float:
    """Return a number that is not negative, rounded to two places.

    `round` takes longer for that than everything else that becomes of a score.
    """
    return int(100.0 * percentage + 0.5) / 100.0
