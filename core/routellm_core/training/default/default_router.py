"""Train the router that ships in the wheel: `python -m routellm_core.training.default.default_router --help`.

The same inputs give the same files, byte for byte on one machine: every seed is a setting, and nothing is
sampled, timed or ordered by chance.
"""

from __future__ import annotations

import argparse
import logging
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from routellm_core.checkpoints.checkpoint import read_checkpoint
from routellm_core.embedders.default_router import PromptEmbedder
from routellm_core.embedders.embedder import read_embedder
from routellm_core.embedders.shape import shape_of
from routellm_core.embedders.static import StaticEmbedder
from routellm_core.embedders.surface import SurfaceFeatures
from routellm_core.loading import DEFAULT_FOLDER
from routellm_core.logits import Floats
from routellm_core.preferences.reading.labels import read_labels
from routellm_core.routers.additive import AdditiveRouter
from routellm_core.training.coverage import coverage_of
from routellm_core.training.default.blocks import Table
from routellm_core.training.default.calibration import Line, fit_line, level_of
from routellm_core.training.default.encoder import Encoder, TextEncoder
from routellm_core.training.default.everyday import SOURCES, Everyday, EverydaySettings
from routellm_core.training.default.exams import Exams, ExamSettings
from routellm_core.training.default.mix import FOLDS, folds_of, mixed_quantiles
from routellm_core.training.default.outcomes import Outcome, outcomes_of
from routellm_core.training.default.problems import fit_problems
from routellm_core.training.default.ratings import TRAINING_DATA, RatedPrompt, read_ratings
from routellm_core.training.default.static_table import StaticTableSettings, distil_minilm

SURFACE_WEIGHT, CUE_WEIGHT = 0.7, 2.5
"""Of the embedder that trainings on top of this router read with, see `PromptEmbedder`."""

EXAM_SLOPE = 2.0
"""Logits a unit of gain: the slope of logit(1/2 + gain/2) at small gains."""


log = logging.getLogger(__name__)


@dataclass(frozen=True)
class DefaultRouterSettings:
    """Everything that the result depends on, apart from the data.

    Attributes:
        dimension: of the pieces' vectors.
        foreign_dimension: the same for the direction of other languages.
        everyday: how the directions of everyday prompts are fitted.
        exams: how the directions of exam questions are fitted.
    """

    dimension: int = 64
    foreign_dimension: int = 256
    everyday: EverydaySettings = field(default_factory=EverydaySettings)
    exams: ExamSettings = field(default_factory=ExamSettings)


def train_default_router(
    data: Path,
    settings: DefaultRouterSettings,
    *,
    static: StaticEmbedder,
    encoder: TextEncoder,
    written: Path = TRAINING_DATA,
    without: str = "",
) -> AdditiveRouter:
    """Fit all directions, bring them to one scale, store the score quantiles.

    Args:
        data: the data folder, which holds train/.
        settings: of the fits.
        static: the token table of the embedder for trainings on top of this router.
        encoder: gives the vocabulary, the pieces' vectors and the teacher.
        written: the folder of what the project wrote.
        without: a source that is left out, ratings and outcomes alike, to test on it.

    Raises:
        DataError: a data file is missing or damaged.
    """
    log.info("reading ratings and outcomes")
    rated = [each for each in read_ratings(data, written) if each.source != without]
    gold, pro = (
        list(read_labels(data / f"train/{name}_labels.jsonl.gz")) for name in ("mmlu_gold", "mmlu_pro")
    )
    outcomes = [each for each in outcomes_of(gold, pro) if each.source != without]
    log.info("embedding the vocabulary")
    wide = Table(encoder.pieces, encoder.piece_vectors(settings.foreign_dimension))
    # the principal components come in order, so that the first ones are a smaller table's
    table = Table(encoder.pieces, wide.vectors[:, : settings.dimension])
    log.info("fitting %d ratings", len(rated))
    general = [each for each in rated if each.source in SOURCES]
    everyday = Everyday(table, wide, encoder, general, settings.everyday)
    predicted = _held_out(everyday, general)  # (n,)
    line = fit_line(predicted, np.array([each.need for each in general]))
    every = np.ones(len(general), bool)
    log.info("fitting %d exam questions", len(outcomes))
    exams = Exams(table, outcomes, settings.exams)
    asked, _ = exams.fit(np.ones(len(outcomes), bool))
    categories = {label.prompt: label.category or "" for label in pro}
    problems, need = fit_problems(table, rated, categories)
    exam_level = level_of(_exam_need(rated))
    directions = {
        "everyday": line.applied(everyday.english(every).weights),
        "foreign": line.applied(everyday.foreign(every).weights),
        "problem": line.applied(problems, shift=need),
        **{name: weights.scaled(EXAM_SLOPE, exam_level) for name, weights in asked.items()},
    }
    log.info("describing the training prompts")
    prompts = list(dict.fromkeys([each.prompt for each in rated] + [outcome.prompt for outcome in outcomes]))
    embedder = prompt_embedder(static, rated, outcomes)
    router = AdditiveRouter(table.pieces, directions, 0.0, embedder)
    logits = _unseen_logits(router, general, predicted, line, exams, exam_level)
    quantiles = mixed_quantiles(general, outcomes, logits)
    neutral = float(np.log(quantiles.mean() / (1.0 - quantiles.mean())))
    router = AdditiveRouter(table.pieces, directions, neutral, embedder, score_quantiles=quantiles)
    return router.with_coverage(coverage_of(prompts, np.asarray(embedder.embed(prompts), np.float64)))


def prompt_embedder(
    static: StaticEmbedder, rated: Sequence[RatedPrompt], outcomes: Sequence[Outcome]
) -> PromptEmbedder:
    """Join table and surface features; the centre is the mean over sources, so that none dominates."""
    texts = [each.prompt for each in rated] + [outcome.prompt for outcome in outcomes]
    sources = np.array([each.source for each in rated] + [outcome.source for outcome in outcomes])
    vectors = static.embed(texts)  # (n, d)
    centre = np.mean([vectors[sources == name].mean(axis=0) for name in sorted(set(sources))], axis=0)
    return PromptEmbedder(
        static,
        SurfaceFeatures.from_prompts(texts),
        centre,
        surface_weight=SURFACE_WEIGHT,
        cue_weight=CUE_WEIGHT,
    )


def _held_out(everyday: Everyday, general: Sequence[RatedPrompt]) -> Floats:
    """Predict each prompt by fits that have not seen its writer, shape (n,)."""
    foreign = np.array([each.language != "en" for each in general])
    folds = folds_of(general)
    predicted = np.zeros(len(general))
    for fold in sorted(set(folds.tolist())):
        away = folds == fold
        english, other = (
            fit(~away).predictions[: len(general)] for fit in (everyday.english, everyday.foreign)
        )
        predicted[away] = np.where(foreign, other, english)[away]
    return predicted


def _unseen_logits(
    router: AdditiveRouter,
    general: Sequence[RatedPrompt],
    predicted: Floats,
    line: Line,
    exams: Exams,
    exam_level: float,
) -> tuple[Floats, Floats]:
    """Return the logits of rated prompts and exam questions as routers trained without them give them.

    A router is more certain about its training prompts, so quantiles of such scores would fit no others.
    """
    shapes = [shape_of(each.prompt) for each in general]
    logits = np.array([router.logit(shape) for shape in shapes])
    usual = np.array([router.direction_of(shape) in ("everyday", "foreign") for shape in shapes])
    logits[usual] = (line.intercept + line.slope * predicted)[usual]
    folds = np.arange(len(exams.outcomes)) % FOLDS
    gains = np.zeros(len(folds))
    for fold in range(FOLDS):
        away = folds == fold
        gains[away] = exams.fit(~away)[1][away]
    return logits, exam_level + EXAM_SLOPE * gains


def _exam_need(rated: Sequence[RatedPrompt]) -> float:
    needs = [[each.need for each in rated if each.source == source] for source in ("gold", "pro")]
    return float(np.mean([np.mean(part) for part in needs if part]))


def main(arguments: Sequence[str] | None = None) -> int:
    """Train and save, as `make train-default` does."""
    parser = argparse.ArgumentParser(
        prog="python -m routellm_core.training.default.default_router", description=__doc__
    )
    parser.add_argument("--data", type=Path, required=True, help="the data folder, which holds train/")
    parser.add_argument(
        "--distil",
        action="store_true",
        help="make the token table for trainings on top of this router anew, out of all-MiniLM-L6-v2 (needs "
        "the extra distill), instead of taking the shipped router's",
    )
    parser.add_argument("--out", type=Path, required=True, help="folder to write the router to")
    options = parser.parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    static = distil_minilm(StaticTableSettings()) if options.distil else shipped_table()
    router = train_default_router(options.data, DefaultRouterSettings(), static=static, encoder=Encoder())
    router.save(options.out, name="default")
    log.info("wrote %s", options.out)
    return 0


def shipped_table() -> StaticEmbedder:
    """Return the token table of the router that ships.

    Raises:
        TypeError: the shipped router embeds with something else.
    """
    embedder = read_embedder(read_checkpoint(DEFAULT_FOLDER))
    if not isinstance(embedder, PromptEmbedder):
        raise TypeError(f"the shipped router embeds with {type(embedder).__name__}, expected PromptEmbedder.")
    return embedder.static


if __name__ == "__main__":
    raise SystemExit(main())
