"""Train a matrix factorization router on a user's own data, with given settings or a search for them.

Unlike `training/default` it is independent of the data folder: any models, one group of prompts.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np

from routellm_core.embedders.cached import identity_of
from routellm_core.embedders.embedder import Embedder
from routellm_core.logits import Floats, win_rates
from routellm_core.router import quantiles_of
from routellm_core.routers.matrix_factorization import MatrixFactorizationRouter
from routellm_core.training.coverage import coverage_of
from routellm_core.training.factorization.embedding_parts import EmbeddingParts
from routellm_core.training.factorization.fit import MatrixFactorizationSettings, fit_matrix_factorization
from routellm_core.training.factorization.fit_log import FitLog
from routellm_core.training.factorization.own_data import OwnData
from routellm_core.training.factorization.penalty_choice import PenaltyChoice, PenaltySearch, choose_penalty
from routellm_core.training.held_out import held_out
from routellm_core.training.training_folder import TrainingFolder

KIND = "mf"

OFFSET_PENALTY = 1000.0
"""Own data is one group, whose base rates are the win rates that `score` should show. A router does not keep
a group's offsets, so they must not absorb the models' strengths."""


def train_with_search(
    embedder: Embedder,
    data: OwnData,
    settings: MatrixFactorizationSettings,
    search: PenaltySearch,
    *,
    strong: str,
    weak: str,
    out: str | Path,
    resume: bool = False,
    say: Callable[[str], None] = lambda line: None,
) -> tuple[MatrixFactorizationRouter, MatrixFactorizationSettings, PenaltyChoice]:
    """Choose the penalty and the number of steps on held-out prompts, then fit all data with them.

    Each embedded part and each fit is kept in the training's folder, so that a crash loses at most one of
    them. The caller saves the router and then calls `remove_unfinished`.

    Args:
        embedder: gives the prompts' embeddings; it becomes part of the router.
        data: what to learn from.
        settings: everything but the penalty and the number of steps, which are chosen.
        search: how to choose them.
        strong: the model whose win `score` will estimate.
        weak: the model it is compared with.
        out: the router's folder, which holds the unfinished training.
        resume: continue an interrupted training in `out`.
        say: receives progress lines.

    Returns:
        The router with score quantiles, the settings that it was fitted with, and how they were chosen.

    Raises:
        DataError: fewer than two distinct prompts.
        EmbedderError: the embedder failed.
        FileExistsError: `out` holds an unfinished training, and `resume` is False.
        ValueError: a setting is invalid, `resume` does not fit, or the embedder can't be saved with the
            router.
    """
    chosen = held_out(data.prompts, search.held_out_share, settings.seed)
    identity = {
        **asdict(settings),
        **asdict(search),
        "kind": KIND,
        "strong": strong,
        "weak": weak,
        "embedder": identity_of(embedder),
        "data": data.digest(),
    }
    folder = TrainingFolder(out, identity)
    folder.begin(resume=resume)
    say(f"embedding {len(data.prompts)} prompts")
    embeddings = EmbeddingParts(embedder, folder.path).embed(data.prompts, say)
    log = FitLog(folder.path / "fits.json")
    choice = choose_penalty(data, embeddings, settings, search, chosen, log=log, say=say)
    settings = replace(settings, projection_penalty=choice.penalty, max_iterations=choice.iterations)
    say("fitting all of it")
    router = fit_router(embedder, embeddings, data, settings, strong=strong, weak=weak)
    return router, settings, choice


def train_with_settings(
    embedder: Embedder,
    data: OwnData,
    settings: MatrixFactorizationSettings,
    *,
    strong: str,
    weak: str,
) -> MatrixFactorizationRouter:
    """Fit a router with the given settings; nothing is written to disk.

    Args:
        embedder: gives the prompts' embeddings; it becomes part of the router.
        data: what to learn from.
        settings: penalties, dimension, seed.
        strong: the model whose win `score` will estimate.
        weak: the model it is compared with.
    """
    embeddings = np.asarray(embedder.embed(data.prompts), dtype=np.float64)
    return fit_router(embedder, embeddings, data, settings, strong=strong, weak=weak)


def fit_router(
    embedder: Embedder,
    embeddings: Floats,
    data: OwnData,
    settings: MatrixFactorizationSettings,
    *,
    strong: str,
    weak: str,
) -> MatrixFactorizationRouter:
    """Fit a router on prompts with given embeddings, shape (n, D).

    Its score quantiles are those of the training prompts.
    """
    weights = fit_matrix_factorization(embeddings, data.comparisons, data.strengths, settings)
    router = MatrixFactorizationRouter(
        embedder,
        models=data.models,
        model_vectors=weights.model_vectors,
        projection=weights.projection,
        bias=weights.bias,
        strong=strong,
        weak=weak,
    )
    if len(data.prompts) > 1:
        router = router.with_coverage(coverage_of(data.prompts, embeddings, seed=settings.seed))
    # From the given embeddings: computing them again may take minutes, or money.
    pair = router.model_vectors[data.models.index(strong)] - router.model_vectors[data.models.index(weak)]
    scores = win_rates(embeddings @ (weights.projection.T @ pair) + weights.bias @ pair)  # (n,)
    return router.with_quantiles(quantiles_of(scores))
