"""The ranking as it is defined: one regression over every battle for every query, in float64."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from routellm_core.preferences.rating.similarity_weighting import LEAST_NEAREST, SimilarityWeighting
from routellm_core.preferences.reading.battle_columns import BattleColumns
from routellm_core.training.lbfgs import minimise

Floats = npt.NDArray[np.float64]


def naive_strengths(
    query: Floats, embeddings: Floats, battles: BattleColumns, tiers: Floats, weighting: SimilarityWeighting
) -> Floats:
    """Return ξ of each tier for one query, shape (T,); nothing here is shared with the router."""
    lengths = np.linalg.norm(embeddings, axis=1) * np.linalg.norm(query)
    cosines = np.divide(embeddings @ query, lengths, out=np.zeros(len(embeddings)), where=lengths > 0)
    if weighting.scaling == "published":
        similarity = cosines / cosines.max()
    else:
        units = embeddings / np.linalg.norm(embeddings, axis=1, keepdims=True)
        square = units @ units.T
        np.fill_diagonal(square, -1.0)
        similarity = cosines / np.maximum(square.max(axis=1), LEAST_NEAREST)
    weight = (weighting.gamma ** (1.0 + similarity))[battles.row]  # (B,)
    first, second = tiers[battles.first].astype(int), tiers[battles.second].astype(int)
    design = np.zeros((len(battles), int(tiers.max()) + 1))  # (B, T)
    rows = np.arange(len(battles))
    if weighting.same_tier == "published":
        # The second write of a row overwrites the first where both models are of one tier.
        design[rows, first] = 1.0
        design[rows, second] = -1.0
    else:
        np.add.at(design, (rows, first), 1.0)
        np.add.at(design, (rows, second), -1.0)

    def objective(x: Floats) -> tuple[float, Floats]:
        z = design @ x
        value = weight @ (np.logaddexp(0.0, z) - battles.target * z)
        residual = weight * (1.0 / (1.0 + np.exp(-z)) - battles.target)
        return (
            float(value + 0.5 * weighting.penalty * (x @ x)),
            design.T @ residual + weighting.penalty * x,
        )

    return minimise(objective, np.zeros(design.shape[1]), max_iterations=5000, tolerance=1e-16)


def win_rate(strengths: Floats, strong: int, weak: int) -> float:
    return float(1.0 / (1.0 + np.exp(strengths[weak] - strengths[strong])))
