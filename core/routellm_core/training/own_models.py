"""A matrix factorization router for a user's own models, from their battles and labels.

Differs from `default_router.py` in that it knows nothing of the data folder: any models, one prompt group.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

import numpy as np

from routellm_core.embedders.embedder import Embedder
from routellm_core.logits import win_rates
from routellm_core.preferences.battles import Battle, Winner
from routellm_core.preferences.labels import Label
from routellm_core.routers.matrix_factorization import MatrixFactorizationRouter
from routellm_core.training.coverage import coverage_of
from routellm_core.training.matrix_factorization import (
    Comparisons,
    MatrixFactorizationSettings,
    fit_matrix_factorization,
)
from routellm_core.training.ratings import bradley_terry

QUANTILES = 1001


def train_matrix_factorization(
    embedder: Embedder,
    battles: Sequence[Battle],
    labels: Sequence[Label],
    *,
    strong: str,
    weak: str,
    settings: MatrixFactorizationSettings,
) -> MatrixFactorizationRouter:
    """Fit a router; its score quantiles are those of the training prompts.

    Args:
        embedder: gives the prompts' embeddings; it becomes part of the router.
        battles: with prompts.
        labels: each becomes one battle per pair of its models, all of them together as heavy as one battle.
        strong: the model whose win `score` will estimate.
        weak: the model it is compared with.
        settings: penalties, dimension, seed.

    Raises:
        ValueError: no comparison, or a model of the pair occurs in none.
    """
    fought = [(battle, 1.0) for battle in battles]
    for label in labels:
        pairs = list(combinations(sorted(label.scores), 2))
        fought += [(_battle(label, a, b), 1.0 / len(pairs)) for a, b in pairs]
    if not fought:
        raise ValueError("no comparisons to train on: give battles, or labels with at least two models each.")
    ratings = bradley_terry([battle for battle, _ in fought])
    for role, model in (("strong", strong), ("weak", weak)):
        if model not in ratings:
            raise ValueError(
                f"{role} is {model!r}, which occurs in no comparison: known are {sorted(ratings)}."
            )
    models = sorted(ratings)
    index = {model: position for position, model in enumerate(models)}
    rows = {text: row for row, text in enumerate(dict.fromkeys(battle.prompt for battle, _ in fought))}
    comparisons = Comparisons(
        row=np.array([rows[battle.prompt] for battle, _ in fought]),
        first=np.array([index[battle.model_a] for battle, _ in fought]),
        second=np.array([index[battle.model_b] for battle, _ in fought]),
        target=np.array([battle.target for battle, _ in fought]),
        weight=np.array([weight for _, weight in fought]),
        group=np.zeros(len(fought), dtype=np.int64),
    )
    prompts = list(rows)
    embeddings = np.asarray(embedder.embed(prompts), dtype=np.float64)  # (n, D)
    strengths = np.array([ratings[model] for model in models])
    weights = fit_matrix_factorization(embeddings, comparisons, strengths, settings)
    router = MatrixFactorizationRouter(
        embedder,
        models,
        weights.model_vectors,
        weights.projection,
        weights.bias,
        strong=strong,
        weak=weak,
    )
    if len(prompts) > 1:
        router = router.with_coverage(coverage_of(prompts, embeddings, seed=settings.seed))
    # From the embeddings at hand: asking for them again may take minutes, or money.
    pair = router.model_vectors[index[strong]] - router.model_vectors[index[weak]]  # (d,)
    scores = win_rates(embeddings @ (weights.projection.T @ pair) + weights.bias @ pair)  # (n,)
    return router.with_quantiles(np.quantile(scores, np.linspace(0.0, 1.0, QUANTILES)))


def _battle(label: Label, model_a: str, model_b: str) -> Battle:
    difference = label.scores[model_a] - label.scores[model_b]
    winner: Winner = "tie" if difference == 0 else "model_a" if difference > 0 else "model_b"
    return Battle(label.prompt, model_a, model_b, winner)
