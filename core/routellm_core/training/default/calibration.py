"""From needs to logits: a line fitted so that σ(line) is the probability that the strong answer is preferred.

A need of n percent means that the strong model does better with probability n and equally well otherwise; a
tie counts as half, so the probability is 1/2 + n/2.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from routellm_core.embedders.direction import DirectionWeights
from routellm_core.logits import Floats, win_rates

_STEPS = 50


@dataclass(frozen=True)
class Line:
    """logit = intercept + slope · need."""

    intercept: float
    slope: float

    def applied(self, weights: DirectionWeights, shift: float = 0.0) -> DirectionWeights:
        """Return a direction of needs, to which `shift` is added, as one of logits."""
        return weights.scaled(self.slope, self.intercept + self.slope * shift)


def fit_line(predicted: Floats, need: Floats) -> Line:
    """Fit the line by cross-entropy to needs, shape (n,), from predictions of them, shape (n,), by Newton."""
    target = 0.5 + 0.5 * need
    rows = np.stack([np.ones(len(predicted)), predicted], axis=1)  # (n, 2)
    found = np.zeros(2)
    for _ in range(_STEPS):
        rate = win_rates(rows @ found)
        curvature = rows.T @ ((rate * (1.0 - rate))[:, None] * rows)
        found = found + np.linalg.solve(curvature, rows.T @ (target - rate))
    return Line(float(found[0]), float(found[1]))


def level_of(need: float) -> float:
    """Return the logit of a mean need."""
    return math.log((1.0 + need) / (1.0 - need))
