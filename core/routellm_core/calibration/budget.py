"""Budget: the threshold whose calls cost no more than a given sum per 1,000."""

from __future__ import annotations

import math

import numpy as np

from routellm_core.calibration.share import above, checked_scores
from routellm_core.logits import Floats
from routellm_core.routing.validation import check_amount

CALLS = 1000
"""Number of calls that a budget covers."""


def threshold_for_budget(scores: Floats, weak_costs: Floats, strong_costs: Floats, budget: float) -> float:
    """Return the threshold with the most strong calls whose expected cost keeps within the budget.

    Args:
        scores: shape (n,), each in [0, 1].
        weak_costs: shape (n,), what the weak model's answer to each prompt costs.
        strong_costs: shape (n,), the same for the strong model.
        budget: for `CALLS` calls, in the currency of the costs.

    Raises:
        ValueError: a shape or value is invalid, or weak alone already exceeds the budget.
    """
    checked = checked_scores(scores)
    for name, costs in (("weak_costs", weak_costs), ("strong_costs", strong_costs)):
        if costs.shape != checked.shape or not ((costs >= 0.0) & (costs < math.inf)).all():
            raise ValueError(f"{name} must be {len(checked)} finite numbers >= 0, one per prompt.")
    check_amount(budget, "budget", f"for {CALLS:,} calls")
    # (k,): for each distinct score, ascending, the extra cost of sending its prompts to strong
    values, group = np.unique(checked, return_inverse=True)
    added = np.bincount(group, strong_costs - weak_costs)
    # (k + 1,): the cost per CALLS calls if the k-th score and all above it go to strong; last: none does
    totals = np.append(added[::-1].cumsum()[::-1], 0.0) + weak_costs.sum()
    affordable = np.nonzero(totals * (CALLS / len(checked)) <= budget * (1.0 + 1e-12))[0]
    if not len(affordable):
        least = totals.min() * CALLS / len(checked)
        raise ValueError(
            f"budget is {budget:g} for {CALLS:,} calls, but your prompts cost at least {least:.6g}: raise "
            "the budget, or use a cheaper weak model."
        )
    return float(np.append(values, above(float(values[-1])))[affordable[0]])
