"""Cost and quality: RouterBench's AIQ, a router's mean quality over the range of costs."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from routellm_core.logits import Floats


def aiq(
    scores: npt.ArrayLike,
    weak: npt.ArrayLike,
    strong: npt.ArrayLike,
    weak_costs: npt.ArrayLike,
    strong_costs: npt.ArrayLike,
) -> float:
    """Return the average improvement in quality (RouterBench): AIQ = 1/(c_max − c_min) · ∫ R(c) dc.

    R is the non-decreasing convex hull of (mean cost, mean quality) over all thresholds: what mixing two of
    them at random would give. A router that only mixes weak and strong at random has the mean of both
    qualities.

    Args:
        scores: shape (n,), higher goes to strong first.
        weak: shape (n,), quality of the weak model's answers.
        strong: shape (n,), quality of the strong model's answers.
        weak_costs: shape (n,), cost of the weak model's answers, >= 0.
        strong_costs: shape (n,), cost of the strong model's answers, >= 0.

    Returns:
        A quality, on the scale of the qualities; the best one if all thresholds cost the same.

    Raises:
        ValueError: shapes differ, n is 0, or a value is not finite, or a cost is below 0.
    """
    arrays = _checked(scores, weak, strong, weak_costs, strong_costs)
    costs, qualities = _points(*arrays)
    hull_costs, hull_qualities = _hull(costs, qualities)
    width = float(costs.max() - costs.min())
    if width <= 0.0:
        return float(qualities.max())
    # nothing improves beyond the best point: the hull stays flat
    area = np.trapezoid(hull_qualities, hull_costs) + hull_qualities[-1] * (costs.max() - hull_costs[-1])
    return float(area) / width


def _points(
    scores: Floats, weak: Floats, strong: Floats, weak_costs: Floats, strong_costs: Floats
) -> tuple[Floats, Floats]:
    """Return mean cost and mean quality at each threshold, from all weak to all strong, shapes (k + 1,)."""
    _, group = np.unique(-scores, return_inverse=True)
    curves = []
    for low, high in ((weak_costs, strong_costs), (weak, strong)):
        added = np.cumsum(np.bincount(group, high - low))
        curves.append((low.sum() + np.concatenate([[0.0], added])) / len(scores))
    return curves[0], curves[1]


def _hull(costs: Floats, qualities: Floats) -> tuple[Floats, Floats]:
    """Return the upper hull from the cheapest point to the best one, costs and qualities ascending."""
    order = np.lexsort((-qualities, costs))
    kept: list[tuple[float, float]] = []
    best = -np.inf
    for cost, quality in zip(costs[order].tolist(), qualities[order].tolist(), strict=True):
        if quality <= best:
            continue
        best = quality
        while len(kept) > 1 and _below(kept[-2], kept[-1], (cost, quality)):
            kept.pop()
        kept.append((cost, quality))
    hull = np.array(kept)
    return hull[:, 0], hull[:, 1]


def _below(left: tuple[float, float], middle: tuple[float, float], right: tuple[float, float]) -> bool:
    """Return whether `middle` lies on or below the line from `left` to `right`."""
    rise = (right[1] - left[1]) * (middle[0] - left[0])
    return (middle[1] - left[1]) * (right[0] - left[0]) <= rise


def _checked(*arrays: npt.ArrayLike) -> list[Floats]:
    names = ("scores", "weak", "strong", "weak_costs", "strong_costs")
    floats = [np.asarray(values, dtype=np.float64) for values in arrays]
    for name, values in zip(names, floats, strict=True):
        if values.ndim != 1 or values.shape != floats[0].shape or not len(values):
            raise ValueError(f"{name} has shape {values.shape}, expected (n,), n >= 1, the same for all.")
        if not np.isfinite(values).all() or ("costs" in name and (values < 0.0).any()):
            raise ValueError(f"{name} holds a value that is not finite, or a cost below 0.")
    return floats
