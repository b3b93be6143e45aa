"""Interval of an APGR: how far it would vary with another draw of prompts."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from routellm_core.evaluation.metrics import pgr_curve

RESAMPLES = 1000


def apgr_interval(
    scores: npt.ArrayLike,
    weak: npt.ArrayLike,
    strong: npt.ArrayLike,
    *,
    confidence: float = 0.95,
    seed: int = 0,
) -> tuple[float, float]:
    """Return the percentile bootstrap interval of the exact APGR, prompts drawn with replacement.

    Draws on which the strong model is not better than the weak one have no PGR and are left out.

    Args:
        scores: shape (n,).
        weak: shape (n,).
        strong: shape (n,).
        confidence: of the interval, in (0, 1).
        seed: of the draws.

    Raises:
        ValueError: as `pgr_curve`, or a confidence outside (0, 1).
    """
    if not 0.0 < confidence < 1.0:
        raise ValueError(f"confidence is {confidence!r}, expected a number between 0 and 1.")
    pgr_curve(scores, weak, strong)  # for its checks
    ordered = np.asarray(scores, dtype=np.float64)
    gain = np.asarray(strong, dtype=np.float64) - np.asarray(weak, dtype=np.float64)
    _, group = np.unique(-ordered, return_inverse=True)  # (n,): 0 for the highest score
    rng = np.random.default_rng(seed)
    areas = []
    for _ in range(RESAMPLES):
        drawn = rng.integers(len(ordered), size=len(ordered))
        total = float(gain[drawn].sum())
        if total > 1e-12:
            sizes = np.bincount(group[drawn])
            curve = np.concatenate([[0.0], np.cumsum(np.bincount(group[drawn], gain[drawn]))]) / total
            # trapezoid over steps of sizes / n
            areas.append(float(((curve[1:] + curve[:-1]) * sizes).sum()) / (2 * len(drawn)))
    low, high = np.quantile(areas, [0.5 - confidence / 2, 0.5 + confidence / 2])
    return float(low), float(high)
