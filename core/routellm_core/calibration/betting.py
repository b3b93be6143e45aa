"""Betting: how strong the evidence of a bounded sample is against a mean of zero or less.

Bet on one value after another, with stakes that depend only on the earlier ones. If E[X] <= 0, the game is
unfavorable, so the probability that the wealth Π(1 + λᵢXᵢ) ever reaches 1/α is at most α (Ville).
Waudby-Smith and Ramdas, "Estimating means of bounded random variables by betting", 2024; the stakes are their
predictable plug-in, which adapts to the variance seen so far.
"""

from __future__ import annotations

import math

import numpy as np

from routellm_core.logits import Floats

LARGEST_STAKE = 0.75
"""Fraction of the stake at which a single value could lose everything."""


def rejects(values: Floats, lowest: float, alpha: float) -> bool:
    """Return whether the values refute, at level alpha, that their mean is at most 0.

    Args:
        values: shape (n,), independent draws in an order that does not depend on them, none below `lowest`.
        lowest: the bound, below 0.
        alpha: upper bound on the probability of refuting it when it is true.

    Raises:
        ValueError: `lowest` is not below 0, so there is nothing to test.
    """
    if not lowest < 0.0:
        raise ValueError(f"lowest is {lowest!r}, expected a number below 0.")
    needed = math.log(1.0 / alpha)
    stake = np.minimum(
        np.sqrt(2.0 * needed / (len(values) * _variance(values, lowest))), LARGEST_STAKE / -lowest
    )
    return bool(np.cumsum(np.log1p(stake * values)).max() >= needed)


def _variance(values: Floats, lowest: float) -> Floats:
    """Return the variance of the values before each one, shape (n,), starting from a guess at their scale."""
    count = np.arange(1, len(values) + 1)
    squares = (values - np.cumsum(values) / count) ** 2
    guess = lowest**2 / 16.0
    before: Floats = (guess + np.concatenate([[0.0], np.cumsum(squares)[:-1]])) / count
    return before
