"""Logits: from log-odds to win rates, and the loss that win rates are fitted with."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


def win_rate(logit: float) -> float:
    """Return σ(logit), in plain floats: for one prompt, numpy's overhead would exceed the rest."""
    return 0.5 * (1.0 + math.tanh(0.5 * logit))


def secant(start: float, end: float) -> float:
    """Return (σ(end) − σ(start)) / (end − start), the derivative of σ if the two are equal."""
    if abs(end - start) < 1e-9:
        return win_rate(start) * win_rate(-start)
    return (win_rate(end) - win_rate(start)) / (end - start)


def win_rates(logits: Floats) -> Floats:
    """Return σ of each logit, any shape; written as (1 + tanh(x/2)) / 2 it never overflows."""
    return 0.5 * (1.0 + np.tanh(0.5 * logits))


def cross_entropy(logits: Floats, target: Floats, weight: Floats) -> tuple[float, Floats]:
    """Return the weighted cross-entropy of σ(logits) against the targets, and its gradient.

    Args:
        logits: z, shape (c,).
        target: t, shape (c,), in [0, 1].
        weight: w, shape (c,).

    Returns:
        Σ w · (−t·log σ(z) − (1−t)·log σ(−z)) in nats, and its derivative by z, w · (σ(z) − t), shape (c,).
    """
    # −t·log σ(z) − (1−t)·log σ(−z) = log(1 + e^z) − t·z
    loss = float((weight * (np.logaddexp(0.0, logits) - target * logits)).sum())
    return loss, weight * (win_rates(logits) - target)
