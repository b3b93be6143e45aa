"""Train a matrix factorization router on a user's own data: choose how, then fit all of it.

Each embedded part and each fit is kept in the training's folder until the router is saved, so that a crash
loses at most one of them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path

from routellm_core.embedders.cached import identity_of
from routellm_core.embedders.embedder import Embedder
from routellm_core.routers.matrix_factorization import MatrixFactorizationRouter
from routellm_core.training.factorization.embedding_parts import EmbeddingParts
from routellm_core.training.factorization.fit_log import FitLog
from routellm_core.training.factorization.matrix_factorization import MatrixFactorizationSettings
from routellm_core.training.factorization.own_data import OwnData, fit_own_data
from routellm_core.training.factorization.penalty_choice import PenaltyChoice, PenaltySearch, choose_penalty
from routellm_core.training.held_out import held_out
from routellm_core.training.training_folder import TrainingFolder

KIND = "mf"


def train_own_router(
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
    """Train a router; the caller saves it and then calls `remove_unfinished`.

    Args:
        embedder: gives the prompts' embeddings; it becomes part of the router.
        data: what to learn from.
        settings: everything but the penalty and the number of steps, which are chosen.
        search: how they are.
        strong: the model whose win `score` will estimate.
        weak: the model it is compared with.
        out: the router's folder, which holds what is done until then.
        resume: go on where a training in `out` was cut off.
        say: is told the progress.

    Returns:
        The router with score quantiles, the settings that it was fitted with, and what chose them.

    Raises:
        DataError: fewer than two distinct prompts.
        EmbedderError: the embedder failed.
        FileExistsError: `out` holds an unfinished training, and `resume` is False.
        ValueError: a setting makes no sense, `resume` does not fit, or the embedder does not say what it is
            made of, which a saved router must.
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
    router = fit_own_data(embedder, embeddings, data, strong=strong, weak=weak, settings=settings)
    return router, settings, choice
