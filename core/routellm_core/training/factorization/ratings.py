"""Bradley-Terry ratings as the trained routers start from: each model's strength, prompts ignored.

Differs from `preferences/ratings.py` in its optimiser, which stops up to 3e-5 before the minimum. The bytes
of the shipped router follow from those digits, so it stays for training; all else rates models there.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from routellm_core.preferences.reading.battles import Battle
from routellm_core.training.lbfgs import minimise

_PENALTY = 0.5
"""Of (λ/2)·ξ²: keeps the rating of a model that never lost finite."""


def bradley_terry(battles: Sequence[Battle]) -> dict[str, float]:
    """Fit P(a beats b) = 1 / (1 + e^(ξ_b − ξ_a)), a tie as half a win.

    Returns:
        model -> ξ in logits (natural logarithm), mean 0, sorted by name.

    Raises:
        ValueError: no battles.
    """
    if not battles:
        raise ValueError("no battles to rate models by.")
    names = sorted({name for battle in battles for name in (battle.model_a, battle.model_b)})
    index = {name: position for position, name in enumerate(names)}
    first = np.array([index[battle.model_a] for battle in battles])
    second = np.array([index[battle.model_b] for battle in battles])
    target = np.array([battle.target for battle in battles])
    count = len(names)

    def objective(ratings: npt.NDArray[np.float64]) -> tuple[float, npt.NDArray[np.float64]]:
        z = ratings[first] - ratings[second]
        residual = 0.5 * (1.0 + np.tanh(0.5 * z)) - target
        gradient = np.bincount(first, residual, count) - np.bincount(second, residual, count)
        value = float((np.logaddexp(0.0, z) - target * z).sum()) + 0.5 * _PENALTY * float(ratings @ ratings)
        return value, gradient + _PENALTY * ratings

    ratings = minimise(objective, np.zeros(count), tolerance=1e-10)
    ratings = ratings - ratings.mean()
    return {name: float(ratings[position]) for name, position in index.items()}
