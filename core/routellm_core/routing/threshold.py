"""Threshold: the rule that turns a score into a route."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from typing import Any, overload

import numpy as np
import numpy.typing as npt

from routellm_core.logits import Floats


@overload
def goes_to_strong(scores: float, threshold: float) -> bool: ...


@overload
def goes_to_strong(scores: Floats, threshold: float | Floats) -> npt.NDArray[np.bool_]: ...


def goes_to_strong(scores: Any, threshold: Any) -> Any:
    """Return whether each score sends its prompt to strong: `score >= threshold`, the paper's rule.

    Args:
        scores: one score, or an array of any shape.
        threshold: in [0, 1]; arrays broadcast.
    """
    return scores >= threshold


def tier_of(score: float, borders: Sequence[float]) -> int:
    """Return the place of the tier that a score goes to, 0 for the lowest: each border is a threshold.

    Args:
        score: one score.
        borders: the thresholds between the tiers, ascending.
    """
    return bisect_right(borders, score)
