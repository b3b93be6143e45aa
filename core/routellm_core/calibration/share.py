"""Share: the threshold that sends a given share of prompts to the strong model."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from routellm_core.router import Router
from routellm_core.routing.validation import check_fraction


def calibrate_threshold(scores: Sequence[float] | npt.NDArray[np.float64], strong_share: float) -> float:
    """Return the threshold whose share of `score >= threshold` is nearest to the requested one.

    Args:
        scores: shape (n,), n >= 1, each in [0, 1].
        strong_share: in [0, 1].

    Raises:
        ValueError: no scores, scores that are not finite or outside [0, 1], or a share outside [0, 1].
    """
    share = check_fraction(strong_share, "strong_share")
    # Only a distinct score, or one above them all, changes what goes to strong; equal scores go together.
    values, counts = np.unique(checked_scores(scores), return_counts=True)
    return threshold_of_counts(values, counts, share)


def threshold_of_counts(
    values: npt.NDArray[np.float64], counts: npt.NDArray[Any], strong_share: float
) -> float:
    """Return the threshold for a share of prompts that are counted by score.

    Args:
        values: distinct scores, ascending, shape (k,).
        counts: how many prompts have each, shape (k,).
        strong_share: in [0, 1].
    """
    shares = counts[::-1].cumsum()[::-1] / counts.sum()
    candidates = np.append(values, above(float(values[-1])))
    realised = np.append(shares, 0.0 if values[-1] < 1.0 else shares[-1])
    return float(candidates[np.abs(realised - strong_share).argmin()])


def threshold_for_share(router: Router, strong_share: float) -> float:
    """Return the threshold for a share of strong calls, from the quantiles that a router ships.

    Raises:
        ValueError: the router ships no quantiles, or the share is outside [0, 1].
    """
    if router.score_quantiles is None:
        raise ValueError(
            f"strong_share is given, but router {router.name!r} ships no score quantiles: set threshold=, or "
            "run routellm calibrate on your own prompts and use from_calibration(path)."
        )
    return calibrate_threshold(router.score_quantiles, strong_share)


def checked_scores(scores: Sequence[float] | npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Return scores as an array of shape (n,).

    Raises:
        ValueError: there are none, or one is not a number in [0, 1].
    """
    array = np.asarray(scores, dtype=np.float64)
    if array.ndim != 1 or array.size == 0:
        raise ValueError(f"scores has shape {array.shape}, expected (n,) with at least one score.")
    if not ((array >= 0.0) & (array <= 1.0)).all():
        raise ValueError("scores holds a value that is not a number in [0, 1].")
    return array


def above(score: float) -> float:
    """Return the lowest threshold that this score does not reach; 1 for a score of 1, which reaches all."""
    return min(1.0, float(np.nextafter(score, 2.0)))
