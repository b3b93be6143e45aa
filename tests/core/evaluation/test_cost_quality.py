"""AIQ against brute force."""

import itertools
from typing import Any

import numpy as np
import pytest

from routellm_core.evaluation.cost_quality import aiq


def brute_force(
    scores: np.ndarray, weak: np.ndarray, strong: np.ndarray, low: np.ndarray, high: np.ndarray
) -> float:
    points = []
    for threshold in [*np.unique(scores), 2.0]:
        to_strong = scores >= threshold
        points.append((np.where(to_strong, high, low).mean(), np.where(to_strong, strong, weak).mean()))
    costs = np.array(points)[:, 0]
    grid = np.linspace(costs.min(), costs.max(), 4001)

    def best(cost: float) -> float:
        # the best mixture of any two points, or of one alone, that costs no more
        found = [q for c, q in points if c <= cost + 1e-12]
        for (c1, q1), (c2, q2) in itertools.combinations(points, 2):
            if min(c1, c2) <= cost <= max(c1, c2) and c1 != c2:
                found.append(q1 + (q2 - q1) * (cost - c1) / (c2 - c1))
        return max(found)

    return float(np.trapezoid([best(cost) for cost in grid], grid) / (grid[-1] - grid[0]))


@pytest.mark.parametrize("seed", range(6))
def test_aiq_is_the_area_under_the_best_mixtures(seed: int) -> None:
    rng = np.random.default_rng(seed)
    n = 12
    scores = np.round(rng.random(n), 1)
    weak, strong = rng.random(n), rng.random(n)
    low, high = rng.random(n), 1.0 + rng.random(n)

    assert aiq(scores, weak, strong, low, high) == pytest.approx(
        brute_force(scores, weak, strong, low, high), abs=2e-4
    )


def test_a_random_router_has_the_mean_of_both_qualities() -> None:
    assert aiq([0.5] * 4, [0.2] * 4, [0.8] * 4, [1.0] * 4, [3.0] * 4) == pytest.approx(0.5)


def test_a_worse_strong_model_is_never_bought() -> None:
    assert aiq([0.5] * 4, [0.8] * 4, [0.2] * 4, [1.0] * 4, [3.0] * 4) == pytest.approx(0.8)


def test_where_all_costs_the_same_the_best_quality_counts() -> None:
    assert aiq([0.9, 0.1], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0], [1.0, 1.0]) == 1.0


@pytest.mark.parametrize(
    ("position", "value", "message"),
    [
        (3, [-1.0, 0.0], "weak_costs holds a value that is not finite, or a cost below 0"),
        (4, [float("nan"), 0.0], "strong_costs holds"),
        (1, [0.0], "weak has shape"),
    ],
)
def test_what_has_no_aiq_is_refused(position: int, value: Any, message: str) -> None:
    arrays: list[Any] = [[0.5, 0.6], [0.0, 0.0], [1.0, 1.0], [1.0, 1.0], [2.0, 2.0]]
    arrays[position] = value
    with pytest.raises(ValueError, match=message):
        aiq(*arrays)
