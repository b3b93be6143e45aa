"""A threshold from a budget, against brute force."""

import math
from typing import Any

import numpy as np
import pytest

from routellm_core.calibration.budget import threshold_for_budget


@pytest.mark.parametrize("seed", range(5))
def test_the_budget_is_used_as_far_as_it_goes(seed: int) -> None:
    rng = np.random.default_rng(seed)
    scores = np.round(rng.random(40), 1)
    weak, strong = rng.random(40) * 0.001, 0.001 + rng.random(40) * 0.01
    budget = 3.5

    def spent(threshold: float) -> float:
        return 1000 * float(np.where(scores >= threshold, strong, weak).mean())

    found = threshold_for_budget(scores, weak, strong, budget)
    assert spent(found) <= budget
    # the next lower score would cost too much
    assert all(spent(score) > budget for score in np.unique(scores) if score < found)


def test_a_budget_for_everything_sends_everything_to_strong() -> None:
    scores, weak, strong = np.array([0.2, 0.9]), np.zeros(2), np.full(2, 0.001)

    assert (scores >= threshold_for_budget(scores, weak, strong, 1.0)).all()
    assert (scores >= threshold_for_budget(scores, weak, strong, 0.5)).sum() == 1
    assert (scores >= threshold_for_budget(scores, weak, strong, 0.0)).sum() == 0


def test_a_budget_below_weak_alone_says_what_it_takes() -> None:
    with pytest.raises(ValueError, match=r"budget is 1 for 1,000 calls, but your prompts cost at least 2:"):
        threshold_for_budget(np.array([0.2, 0.9]), np.full(2, 0.002), np.full(2, 0.01), 1.0)


@pytest.mark.parametrize(
    ("weak", "budget", "message"),
    [
        ([0.1], 1.0, "weak_costs must be 2 finite numbers"),
        ([0.1, -0.1], 1.0, "weak_costs must be"),
        ([0.1, math.nan], 1.0, "weak_costs must be"),
        ([0.1, 0.1], math.nan, "budget is nan, expected a number of at least 0"),
        ([0.1, 0.1], -1.0, "budget is -1.0"),
        ([0.1, 0.1], True, "budget is True"),
    ],
)
def test_what_is_no_cost_is_refused(weak: Any, budget: float, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        threshold_for_budget(np.array([0.2, 0.9]), np.array(weak), np.ones(2), budget)
