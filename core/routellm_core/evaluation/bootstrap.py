"""Intervals by the bootstrap: how much APGR, CPT and the curve would vary with another draw of prompts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from routellm_core.evaluation.metrics import pgr_curve
from routellm_core.logits import Floats
from routellm_core.router import COARSE_QUANTILES, quantile_grid
from routellm_core.routing.validation import check_positive

Interval = tuple[float, float]

RESAMPLES = 1000
GRID = quantile_grid(COARSE_QUANTILES)
"""Shares of strong calls at which the band of the curve is given."""


@dataclass(frozen=True)
class CurveIntervals:
    """Percentile intervals over draws of the prompts, with replacement.

    Attributes:
        apgr: of the exact APGR.
        cpt: target -> interval of the CPT.
        band: shape (2, 101): lower and upper end of the PGR at each share of `GRID`.
    """

    apgr: Interval
    cpt: dict[float, Interval]
    band: Floats = field(repr=False, compare=False)


def curve_intervals(
    scores: npt.ArrayLike,
    weak: npt.ArrayLike,
    strong: npt.ArrayLike,
    targets: Sequence[float] = (0.2, 0.5, 0.8),
    *,
    confidence: float = 0.95,
    seed: int = 0,
) -> CurveIntervals:
    """Return the intervals; draws on which strong is not better than weak have no PGR and are left out.

    Args:
        scores: shape (n,).
        weak: shape (n,).
        strong: shape (n,).
        targets: of the CPTs, at most 1.
        confidence: of the intervals, in (0, 1).
        seed: of the draws.

    Raises:
        ValueError: as `pgr_curve`, or a confidence outside (0, 1).
    """
    check_positive(confidence, "confidence", below=1.0)
    pgr_curve(scores, weak, strong)  # called for its checks
    areas: list[float] = []
    reached: list[list[float]] = []
    heights: list[Floats] = []
    for shares, pgr in _drawn_curves(np.asarray(scores), np.asarray(weak), np.asarray(strong), seed):
        areas.append(float(np.trapezoid(pgr, shares)))
        reached.append([_first_share(shares, pgr, target) for target in targets])
        heights.append(np.interp(GRID, shares, pgr))
    ends = [0.5 - confidence / 2, 0.5 + confidence / 2]
    low, high = np.quantile(areas, ends).tolist()
    cpt = np.quantile(np.array(reached), ends, axis=0).T.tolist()  # (targets, 2)
    return CurveIntervals(
        (low, high),
        {target: (ends[0], ends[1]) for target, ends in zip(targets, cpt, strict=True)},
        np.quantile(np.array(heights), ends, axis=0),
    )


def threshold_interval(gained: Floats, gain: Floats, *, confidence: float = 0.95, seed: int = 0) -> Interval:
    """Return the interval of the PGR at one threshold, Σ gained / Σ gain over draws of the prompts.

    Args:
        gained: shape (n,), what strong gains on the prompts that are sent to it, 0 on the others.
        gain: shape (n,), what it gains on each prompt.
        confidence: of the interval.
        seed: of the draws.
    """
    rng = np.random.default_rng(seed)
    ratios = []
    for _ in range(RESAMPLES):
        drawn = rng.integers(len(gain), size=len(gain))
        total = float(gain[drawn].sum())
        if total > 1e-12:
            ratios.append(float(gained[drawn].sum()) / total)
    low, high = np.quantile(ratios, [0.5 - confidence / 2, 0.5 + confidence / 2]).tolist()
    return low, high


def chance_interval(gain: Floats, *, routers: int = 400, confidence: float = 0.95, seed: int = 0) -> Interval:
    """Return the interval that holds a single random router's APGR with the given confidence.

    Args:
        gain: shape (n,), strong's quality less weak's, with a mean above 0.
        routers: how many random orders are drawn.
        confidence: of the interval.
        seed: of the orders.
    """
    rng = np.random.default_rng(seed)
    # trapezoids of width 1/n: each prompt counts from the middle of its own step on
    weight = (len(gain) - np.arange(len(gain)) - 0.5) / len(gain)
    areas = [float(rng.permutation(gain) @ weight) / float(gain.sum()) for _ in range(routers)]
    low, high = np.quantile(areas, [0.5 - confidence / 2, 0.5 + confidence / 2]).tolist()
    return low, high


def _drawn_curves(scores: Floats, weak: Floats, strong: Floats, seed: int) -> Iterator[tuple[Floats, Floats]]:
    gain = strong.astype(np.float64) - weak.astype(np.float64)
    _, group = np.unique(-scores.astype(np.float64), return_inverse=True)  # (n,): 0 for the highest score
    count = int(group.max()) + 1
    rng = np.random.default_rng(seed)
    for _ in range(RESAMPLES):
        drawn = rng.integers(len(scores), size=len(scores))
        gains = np.bincount(group[drawn], gain[drawn], minlength=count)
        total = float(gains.sum())
        if total > 1e-12:
            sizes = np.bincount(group[drawn], minlength=count)
            shares = np.concatenate([[0.0], np.cumsum(sizes) / len(drawn)])
            yield shares, np.concatenate([[0.0], np.cumsum(gains) / total])


def _first_share(shares: Floats, pgr: Floats, target: float) -> float:
    # as `metrics.cpt`, without its checks; every curve ends at 1 up to rounding
    right = int(np.argmax(pgr >= target - 1e-12))
    if right == 0:
        return float(shares[-1] if pgr[0] < target - 1e-12 else shares[0])
    part = (target - pgr[right - 1]) / (pgr[right] - pgr[right - 1])
    return float(shares[right - 1] + min(1.0, part) * (shares[right] - shares[right - 1]))
