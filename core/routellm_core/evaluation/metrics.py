"""PGR curve, APGR and CPT: how much of the strong model's advantage a router keeps (paper, section 3.1).

Pure functions of three arrays of shape (n,), one entry per prompt: the router's score, and the quality of the
weak and of the strong model's answer. With share c of the prompts, those of highest score, sent to strong:

    PGR(c) = (r(c) − r(w)) / (r(s) − r(w)),   r = mean quality of the answers given

A higher score must mean "send to strong". Prompts of equal score change sides together, so that between them
the curve is a straight line: the expectation over a random order.
"""

from __future__ import annotations

import math
from typing import Literal

import numpy as np
import numpy.typing as npt

from routellm_core.logits import Floats
from routellm_core.routing.threshold import goes_to_strong

Method = Literal["exact", "published"]


def pgr_curve(scores: npt.ArrayLike, weak: npt.ArrayLike, strong: npt.ArrayLike) -> tuple[Floats, Floats]:
    """Return the curve's corners: share of strong calls, ascending from 0 to 1, and PGR at each.

    Args:
        scores: shape (n,), the router's scores, finite.
        weak: shape (n,), quality of the weak model's answers, finite.
        strong: shape (n,), quality of the strong model's answers, finite.

    Returns:
        shares, shape (k + 1,), and pgr, shape (k + 1,), for k distinct scores; pgr[0] = 0, pgr[-1] = 1.

    Raises:
        ValueError: shapes differ, n is 0, a value is not finite, or the strong model is on average not better
            than the weak one, so there is no gap to recover.
    """
    checked, gain = _checked(scores, weak, strong)
    # (k,): for each distinct score from the highest down, its prompts and what strong gains on them
    _, group = np.unique(-checked, return_inverse=True)
    sizes = np.bincount(group)
    gains = np.bincount(group, gain)
    shares = np.concatenate([[0.0], np.cumsum(sizes) / len(checked)])
    pgr = np.concatenate([[0.0], np.cumsum(gains) / gain.sum()])
    # Both end at 1 up to rounding; made exact, so that CPT at target 1 is defined.
    shares[-1] = pgr[-1] = 1.0
    return shares, pgr


def apgr(
    scores: npt.ArrayLike, weak: npt.ArrayLike, strong: npt.ArrayLike, *, method: Method = "exact"
) -> float:
    """Return the average PGR: APGR = ∫₀¹ PGR(c) dc. A random router has 0.5 in expectation.

    Args:
        scores: shape (n,).
        weak: shape (n,).
        strong: shape (n,).
        method: "exact" is the area under `pgr_curve`. "published" is what the RouteLLM code computes: the
            trapezoid over 11 thresholds at the scores' deciles, divided by the width of their shares;
            comparable with the paper's tables.

    Raises:
        ValueError: as `pgr_curve`, or an unknown method.
    """
    if method == "exact":
        shares, pgr = pgr_curve(scores, weak, strong)
        return float(np.trapezoid(pgr, shares))
    if method != "published":
        raise ValueError(f"method is {method!r}, expected 'exact' or 'published'.")
    checked, gain = _checked(scores, weak, strong)
    thresholds = np.unique(np.quantile(checked, np.linspace(0.0, 1.0, 11)))
    selected = goes_to_strong(checked[None, :], thresholds[::-1, None])  # (t, n), share ascending
    shares = selected.mean(axis=1)
    pgr = (selected @ gain) / gain.sum()
    width = float(shares[-1] - shares[0])
    return float(np.trapezoid(pgr, shares)) / width if width > 0.0 else 0.5


def cpt(scores: npt.ArrayLike, weak: npt.ArrayLike, strong: npt.ArrayLike, target: float) -> float:
    """Return the call-performance threshold: CPT(x) = min {c : PGR(c) >= x}, lines between the corners.

    Args:
        scores: shape (n,).
        weak: shape (n,).
        strong: shape (n,).
        target: x, a share of the gap, such as 0.5 for the paper's CPT(50 %).

    Returns:
        The smallest share of strong calls in [0, 1]; NaN if the curve never reaches the target, which can
        happen only for targets above 1.

    Raises:
        ValueError: as `pgr_curve`, or a target that is not finite.
    """
    if not math.isfinite(target):
        raise ValueError(f"target is {target!r}, expected a finite share of the gap such as 0.5.")
    shares, pgr = pgr_curve(scores, weak, strong)
    reached = np.nonzero(pgr >= target)[0]
    if not len(reached):
        return math.nan
    right = int(reached[0])
    if right == 0:
        return 0.0
    # The curve need not be monotone, but corner `right` is the first at or above the target.
    part = (target - pgr[right - 1]) / (pgr[right] - pgr[right - 1])
    return float(shares[right - 1] + part * (shares[right] - shares[right - 1]))


def _checked(scores: npt.ArrayLike, weak: npt.ArrayLike, strong: npt.ArrayLike) -> tuple[Floats, Floats]:
    arrays = {"scores": scores, "weak": weak, "strong": strong}
    floats = {name: np.asarray(values, dtype=np.float64) for name, values in arrays.items()}
    shape = floats["scores"].shape
    for name, values in floats.items():
        if values.ndim != 1 or values.shape != shape:
            raise ValueError(
                f"{name} has shape {values.shape}, expected {shape if len(shape) == 1 else '(n,)'}."
            )
        if not np.isfinite(values).all():
            raise ValueError(
                f"{name} holds NaN or infinity at position {int(np.argmin(np.isfinite(values)))}."
            )
    if not len(floats["scores"]):
        raise ValueError("scores is empty: there is nothing to evaluate.")
    gain = floats["strong"] - floats["weak"]
    if gain.mean() <= 1e-12:
        raise ValueError(
            f"the strong model's mean quality, {floats['strong'].mean():.4g}, is not above the weak model's, "
            f"{floats['weak'].mean():.4g}: there is no gap to recover. Are they swapped?"
        )
    return floats["scores"], gain
