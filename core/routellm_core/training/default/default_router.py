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
import numpy.typing as npt

from routellm_core.checkpoints.published_factorization import STRONG, WEAK
from routellm_core.embedders.default_router import PromptEmbedder
from routellm_core.embedders.static import StaticEmbedder
from routellm_core.embedders.surface import SurfaceFeatures
from routellm_core.router import quantile_grid
from routellm_core.routers.matrix_factorization import MatrixFactorizationRouter
from routellm_core.training.coverage import coverage_of
from routellm_core.training.default.corpus import Corpus, CorpusSettings, read_corpus
from routellm_core.training.default.static_table import StaticTableSettings, distil_minilm
from routellm_core.training.factorization.fit import (
    MatrixFactorizationSettings,
    fit_matrix_factorization,
)

MIX = {"arena": 0.9, "gold": 0.05, "pro": 0.05}
"""What the score quantiles stand for: mostly chat prompts, some exam questions of two kinds. Exam questions
score higher, and the files' own sizes would make nearly all of the mix exams; `strong_share=` is asked for by
people whose users chat."""

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class DefaultRouterSettings:
    """Everything that the result depends on beside the data; chosen by cross-validation on `train/`.

    Attributes:
        table: how the token table is distilled.
        corpus: how much each source counts.
        factorization: penalties, dimension, seed of the fit.
        surface_weight: see `PromptEmbedder`.
        cue_weight: see `PromptEmbedder`.
        slope: what the fitted logits are multiplied with, from cross-validation.
    """

    table: StaticTableSettings = field(default_factory=StaticTableSettings)
    corpus: CorpusSettings = field(default_factory=CorpusSettings)
    factorization: MatrixFactorizationSettings = field(
        default_factory=lambda: MatrixFactorizationSettings(
            dimension=8, projection_penalty=80.0, deviation_penalty=100.0
        )
    )
    surface_weight: float = 0.7
    cue_weight: float = 2.5
    slope: float = 1.0


def train_default_router(
    data: Path, sources: str, settings: DefaultRouterSettings, static: StaticEmbedder | None = None
) -> MatrixFactorizationRouter:
    """Distil the table, fit the router, store its score quantiles.

    Args:
        data: the data folder.
        sources: "licensed" or "all", see `read_corpus`.
        settings: everything else.
        static: a token table to use instead of distilling one.

    Raises:
        ImportError: names the extra that distilling needs.
        DataError: a data file is missing or damaged.
    """
    log.info("reading %s/train (%s)", data, sources)
    corpus = read_corpus(data, sources, settings.corpus)
    if static is None:
        log.info("distilling all-MiniLM-L6-v2 into a token table")
        static = distil_minilm(settings.table)
    log.info("embedding %d prompts", len(corpus.prompts))
    embedder = prompt_embedder(static, corpus, settings)
    embeddings = embedder.embed(corpus.prompts)  # (n, D)
    log.info("fitting %d comparisons of %d models", len(corpus.comparisons), len(corpus.models))
    weights = fit_matrix_factorization(
        embeddings, corpus.comparisons, corpus.strengths, settings.factorization
    ).scaled(settings.slope)

    router = MatrixFactorizationRouter(
        embedder,
        models=corpus.models,
        model_vectors=weights.model_vectors,
        projection=weights.projection,
        bias=weights.bias,
        strong=STRONG,
        weak=WEAK,
    )
    log.info("describing the training prompts")
    described = router.with_coverage(coverage_of(corpus.prompts, embeddings))
    return described.with_quantiles(mixed_quantiles(router.score(corpus.prompts), corpus))


def prompt_embedder(
    static: StaticEmbedder, corpus: Corpus, settings: DefaultRouterSettings
) -> PromptEmbedder:
    """Join table and surface features; the centre is the mean over sources, so that no large one rules it."""
    vectors = static.embed(corpus.prompts)  # (n, d)
    sources = np.array(corpus.sources)
    centre = np.mean([vectors[sources == name].mean(axis=0) for name in sorted(set(sources))], axis=0)
    return PromptEmbedder(
        static,
        SurfaceFeatures.from_prompts(corpus.prompts),
        centre,
        surface_weight=settings.surface_weight,
        cue_weight=settings.cue_weight,
    )


def mixed_quantiles(scores: npt.NDArray[np.float64], corpus: Corpus) -> npt.NDArray[np.float64]:
    """Return evenly spaced quantiles of the scores under `MIX`, shape (QUANTILES,), ascending."""
    sources = np.array(corpus.sources)
    weight = np.zeros(len(scores))
    for name, share in MIX.items():
        members = (sources == name) & corpus.calibration
        weight[members] = share / members.sum()
    order = np.argsort(scores, kind="stable")
    order = order[weight[order] > 0.0]
    # each score sits in the middle of its own weight
    position = np.cumsum(weight[order]) - 0.5 * weight[order]
    quantiles: npt.NDArray[np.float64] = np.interp(quantile_grid(), position, scores[order])
    return quantiles


def main(arguments: Sequence[str] | None = None) -> int:
    """Train and save, as `make train-default` does."""
    parser = argparse.ArgumentParser(
        prog="python -m routellm_core.training.default.default_router", description=__doc__
    )
    parser.add_argument("--data", type=Path, required=True, help="the data folder, which holds train/")
    parser.add_argument(
        "--sources",
        choices=("licensed", "all"),
        default="licensed",
        help="all adds the judge's battles, whose source states no licence: measure it, don't ship it",
    )
    parser.add_argument("--out", type=Path, required=True, help="folder to write the router to")
    options = parser.parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    router = train_default_router(options.data, options.sources, DefaultRouterSettings())
    router.save(options.out, name="default")
    log.info("wrote %s", options.out)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
