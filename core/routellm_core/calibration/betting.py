"""Betting: how much a sample of bounded values speaks against a mean of zero or less.

Somebody bets on one value after the other, with stakes that depend on the earlier ones alone. Where E[X] <= 0
the game is not in their favour, so that the wealth Π(1 + λᵢXᵢ) ever reaches 1/α with probability at most α
(Ville). Waudby-Smith and Ramdas, "Estimating means of bounded random variables by betting", 2024; the stakes
are their predictable plug-in, which adapts to the variance seen so far.
"""

from __future__ import annotations

import math

import numpy as np

from routellm_core.logits import Floats

LARGEST_STAKE = 0.75
"""Of the stake at which one value could take everything."""


def rejects(values: Floats, lowest: float, alpha: float) -> bool:
    """Say whether the values refute, at level alpha, that their mean is at most 0.

    Args:
        values: shape (n,), independent draws in an order that does not depend on them, none below `lowest`.
        lowest: the bound, below 0.
        alpha: probability of refuting it where it is true, at most.

    Raises:
        ValueError: `lowest` is not below 0, so that there is nothing to test.
    """
    if not lowest < 0.0:
        raise ValueError(f"lowest is {lowest!r}, expected a number below 0.")
    needed = math.log(1.0 / alpha)
    stake = np.minimum(
        np.sqrt(2.0 * needed / (len(values) * _variance(values, lowest))), LARGEST_STAKE / -lowest
    )
    return bool(np.cumsum(np.log1p(stake * values)).max() >= needed)


def _variance(values: Floats, lowest: float) -> Floats:
    """Return the variance of the values before each one, shape (n,), begun with a guess on their scale."""
    count = np.arange(1, len(values) + 1)
    squares = (values - np.cumsum(values) / count) ** 2
    guess = lowest**2 / 16.0
    before: Floats = (guess + np.concatenate([[0.0], np.cumsum(squares)[:-1]])) / count
    return before
