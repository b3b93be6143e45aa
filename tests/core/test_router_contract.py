"""What every router has to do, whatever it scores by. A new router is one more parameter."""

import copy
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from routellm_core import Router, load_router
from routellm_core.loading import ROUTERS
from routellm_core.preferences.reading.battles import Battle
from routellm_core.reader import HybridRouter, ReaderRouter
from routellm_core.training.adaptation import adapt
from routellm_core.training.similarity_weighted import train_similarity_weighted

from tests.core.hostile_checkpoints import small_router
from tests.core.labelled_prompts import labelled
from tests.core.scripted_reader import ScriptedReader
from tests.tiny_models import bert_router, causal_llm_router

PROMPTS = [
    "What is 2+2?",
    "Prove that there are infinitely many primes.",
    "Write a haiku.",
    "日本語で自己紹介してください",
    "",
    "def f(x):\n    return x ** 2",
]


def similarity_weighted() -> Router:
    # Questions that are asked for a proof are won by "a", others by either.
    battles = [
        Battle(f"{text} Case {n}.", *pair, "model_a" if hard or n % 2 else "model_b")
        for n in range(6)
        for pair in (("a", "b"), ("b", "c"))
        for text, hard in (("Prove that there are many primes.", True), ("Write a haiku about rain.", False))
    ]
    embedder = load_router("default").embedder.static  # type: ignore[attr-defined]
    return train_similarity_weighted(embedder, battles, strong="a", weak="c")


MAKERS: dict[str, Callable[[], Router]] = {
    "adapted": lambda: adapt(labelled(40), strong="big", weak="small", keep_prompts=True).router,
    "default": lambda: load_router("default"),
    "hybrid": lambda: HybridRouter(
        load_router("default"), ReaderRouter(ScriptedReader()), 0.4, strong_share=0.5
    ),
    "mf": small_router,
    "random": lambda: load_router("random", seed=3),
    "reader": lambda: ReaderRouter(ScriptedReader()),
    "bert": bert_router,
    "causal_llm": causal_llm_router,
    "sw_ranking": similarity_weighted,
}

NETWORKS = {"bert", "causal_llm"}
"""Kinds that multiply float32 matrices, whose last digits depend on what else is in the batch."""


@pytest.fixture(params=MAKERS)
def router(request: pytest.FixtureRequest) -> Router:
    if request.param in NETWORKS:
        pytest.importorskip("transformers", reason=f"{request.param} needs the extra torch")
        pytest.importorskip("torch", reason=f"{request.param} needs the extra torch")
    return MAKERS[request.param]()


ASKING = {"hybrid", "reader"}
"""Kinds whose model is given again when they are loaded."""


def same(scores: Any, expected: Any, router: Router) -> bool:
    """Equal, or equal to 1e-6 where a network scores."""
    tolerance = 1e-6 if router.to_checkpoint().router in NETWORKS else 0.0
    return bool(np.abs(np.asarray(scores) - np.asarray(expected)).max() <= tolerance)


def test_every_registered_kind_is_under_contract() -> None:
    kinds = {make().to_checkpoint().router for make in MAKERS.values()}

    assert kinds == set(ROUTERS)


def test_scores_are_one_win_rate_per_prompt(router: Router) -> None:
    scores = router.score(PROMPTS)

    assert scores.dtype == np.float64
    assert scores.shape == (len(PROMPTS),)
    assert ((scores >= 0.0) & (scores <= 1.0)).all()
    assert len(set(scores.tolist())) > 1


def test_no_prompts_give_no_scores(router: Router) -> None:
    assert router.score([]).shape == (0,)
    assert router.score([]).dtype == np.float64


def test_scores_follow_the_order_of_the_prompts(router: Router) -> None:
    assert same(router.score(PROMPTS[::-1]), router.score(PROMPTS)[::-1], router)


def test_a_batch_scores_like_its_prompts_alone(router: Router) -> None:
    alone = [float(router.score([prompt])[0]) for prompt in PROMPTS]

    assert same(router.score(PROMPTS), alone, router)
    # large batches may take another way inside
    assert same(router.score(PROMPTS * 200), alone * 200, router)


def test_any_sequence_of_strings_will_do(router: Router) -> None:
    assert router.score(tuple(PROMPTS)).tolist() == router.score(PROMPTS).tolist()


async def test_async_scores_are_the_same(router: Router) -> None:
    assert (await router.ascore(PROMPTS)).tolist() == router.score(PROMPTS).tolist()


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "\n\n",
        "\0\x01\x1f",
        "\ud800",
        "a\udfffb",
        "العربية",
        "𝔘𝔫𝔦",
        "🏳️‍🌈",
        "\u202eright",
        "x" * 1_000_000,
        "é " * 500_000,
    ],
    ids=ascii,
)
def test_any_text_has_a_finite_score(router: Router, text: str) -> None:
    score = float(router.score([text])[0])

    assert 0.0 <= score <= 1.0


@pytest.mark.parametrize(
    ("prompts", "message"),
    [
        ("one prompt", r"got one str; write score\(\[prompt\]\)"),
        (b"one prompt", "got one bytes"),
        (None, "got NoneType"),
        (7, "got int"),
        (["fine", None], "prompt 1 is NoneType, expected str"),
        ([b"bytes"], "prompt 0 is bytes, expected str"),
        ([["nested"]], "prompt 0 is list, expected str"),
    ],
)
def test_what_is_no_list_of_strings_is_refused(router: Router, prompts: Any, message: str) -> None:
    with pytest.raises(TypeError, match=message):
        router.score(prompts)


def test_it_saves_and_loads_with_equal_scores(router: Router, tmp_path: Path) -> None:
    router.save(tmp_path)
    asks = router.to_checkpoint().router in ASKING
    loaded = load_router(tmp_path, responder=ScriptedReader()) if asks else load_router(tmp_path)

    assert loaded.score(PROMPTS).tolist() == router.score(PROMPTS).tolist()
    assert (loaded.score_quantiles is None) == (router.score_quantiles is None)
    if router.score_quantiles is not None:
        assert loaded.score_quantiles is not None
        assert loaded.score_quantiles.tolist() == router.score_quantiles.tolist()


def test_copies_and_pickles_score_the_same(router: Router) -> None:
    for twin in (copy.copy(router), copy.deepcopy(router), pickle.loads(pickle.dumps(router))):
        assert twin.score(PROMPTS).tolist() == router.score(PROMPTS).tolist()
        assert twin.name == router.name


def test_quantiles_are_ascending_scores(router: Router) -> None:
    quantiles = router.score_quantiles
    if quantiles is None:
        pytest.skip("this router ships no quantiles")

    assert quantiles.ndim == 1
    assert (np.diff(quantiles) >= 0).all()
    assert quantiles[0] >= 0.0
    assert quantiles[-1] <= 1.0
