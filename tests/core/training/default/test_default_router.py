"""Training the default router: the same files twice, and quantiles of the mix."""

from pathlib import Path

import numpy as np
import pytest

from routellm_core import load_router
from routellm_core.embedders.default_router import PromptEmbedder
from routellm_core.embedders.static import StaticEmbedder
from routellm_core.routers.matrix_factorization import MatrixFactorizationRouter
from routellm_core.training.default.corpus import CorpusSettings, read_corpus
from routellm_core.training.default.default_router import (
    MIX,
    DefaultRouterSettings,
    mixed_quantiles,
    train_default_router,
)


def small_table() -> StaticEmbedder:
    embedder = load_router("default").embedder  # type: ignore[attr-defined]
    assert isinstance(embedder, PromptEmbedder)
    return embedder.static


def test_training_twice_gives_the_same_files(small_data: Path, tmp_path: Path) -> None:
    for name in ("first", "second"):
        router = train_default_router(small_data, "licensed", DefaultRouterSettings(), static=small_table())
        assert isinstance(router, MatrixFactorizationRouter)
        router.save(tmp_path / name, name="default")

    for path in (tmp_path / "first").iterdir():
        assert path.read_bytes() == (tmp_path / "second" / path.name).read_bytes(), path.name


def test_quantiles_follow_the_mix_and_not_the_files_sizes(small_data: Path) -> None:
    corpus = read_corpus(small_data, "licensed", CorpusSettings())
    place = {"gold": 0.9, "pro": 0.8, "arena": 0.1}
    quantiles = mixed_quantiles(np.array([place[source] for source in corpus.sources]), corpus)

    assert (quantiles <= 0.1).mean() == pytest.approx(MIX["arena"], abs=0.02)
    assert (quantiles == 0.9).mean() == pytest.approx(MIX["gold"], abs=0.02)
