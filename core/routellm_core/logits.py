"""Logits: from log-odds to a win rate."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt


def win_rate(logit: float) -> float:
    """Return σ(logit), in plain numbers: for one prompt, numpy's start-up would take longer than the rest."""
    return 0.5 * (1.0 + math.tanh(0.5 * logit))


def win_rates(logits: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Return σ of each logit, any shape; written as (1 + tanh(x/2)) / 2 it never overflows."""
    return 0.5 * (1.0 + np.tanh(0.5 * logits))
