"""The default router's sums: which one reads a prompt, that it is a sum, and what it refuses."""

from __future__ import annotations

import pickle
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from routellm_core import load_router
from routellm_core.checkpoints.checkpoint import CheckpointError
from routellm_core.embedders.shape import Shape, shape_of
from routellm_core.routers import additive
from routellm_core.routers.additive import DIRECTIONS, AdditiveRouter

EXAM = "Which is a prime?\nA. 4\nB. 6\nC. 7\nD. 9"
PROBLEM = (
    "Mia has 3 boxes with 12 pencils each. She gives half of them away and buys 5 more. "
    "How many pencils does she have in total?"
)
EVERYDAY = "Where can I see the status of my refund?"


@pytest.fixture(scope="module")
def router() -> AdditiveRouter:
    router = load_router("default")
    assert isinstance(router, AdditiveRouter)
    return router


@pytest.mark.parametrize(
    ("text", "direction"),
    [
        (EVERYDAY, "everyday"),
        ("Write a regex in Python for an ISO date", "everyday"),
        ("Wie komme ich mit dem Zug nach Bern und was kostet es?", "foreign"),
        ("我的包裹什么时候到？", "foreign"),
        (PROBLEM, "problem"),
        (EXAM, "exam"),
        (f"{EXAM}\nAnswer:", "exam_at_once"),
        ("", None),
        ("48213 😊 Thanks!", None),
    ],
)
def test_the_kind_of_a_prompt_chooses_the_sum(
    router: AdditiveRouter, text: str, direction: str | None
) -> None:
    assert router.direction_of(shape_of(text)) == direction
    assert router.knows(text) == (direction is not None)


def test_what_it_knows_nothing_of_has_the_neutral_score(router: AdditiveRouter) -> None:
    explanation = router.explain("48213")
    assert router.logit(shape_of("48213")) == router.neutral
    assert explanation.supported is False
    assert explanation.parts == ()
    assert explanation.percentile == pytest.approx(50.0, abs=15.0)


@pytest.mark.parametrize(
    "text",
    [
        EVERYDAY,
        PROBLEM,
        EXAM,
        f"{EXAM}\nAnswer:",
        "我的包裹什么时候到？",
        "Hi, my order 48213-B (12/03) is late 😊",
    ],
)
def test_the_parts_of_a_score_add_up_to_it(router: AdditiveRouter, text: str) -> None:
    explanation = router.explain(text)
    assert explanation.average is not None
    moved = sum(part.amount for part in explanation.parts)
    assert explanation.average + moved == pytest.approx(explanation.score, abs=1e-9)
    assert explanation.score == router.score_one(text)


@pytest.mark.parametrize(
    "decorated",
    [
        f"{EVERYDAY} (order 48213-B)",
        f"[ticket 55120] {EVERYDAY}",
        f"{EVERYDAY} https://example.com/a?b=1",
        f"Hi, {EVERYDAY} Thanks!",
        f"{EVERYDAY} 😊",
        EVERYDAY.upper(),
        EVERYDAY.lower(),
    ],
)
def test_decorations_do_not_move_a_score(router: AdditiveRouter, decorated: str) -> None:
    assert router.score_one(decorated) == pytest.approx(router.score_one(EVERYDAY), abs=0.01)


def test_options_count_in_either_case(router: AdditiveRouter) -> None:
    lower = EXAM.replace("A.", "a)").replace("B.", "b)").replace("C.", "c)").replace("D.", "d)")
    assert router.direction_of(shape_of(lower)) == "exam"


def test_a_missing_direction_is_refused(router: AdditiveRouter) -> None:
    directions = {name: router.directions[name] for name in DIRECTIONS[1:]}
    with pytest.raises(ValueError, match="directions are"):
        AdditiveRouter(router.pieces, directions, 0.0, router.embedder)


def test_weights_that_do_not_fit_the_vocabulary_are_refused(router: AdditiveRouter) -> None:
    short = replace(router.directions["exam"], root=np.zeros(3, np.float16))
    with pytest.raises(ValueError, match="root is not of shape"):
        AdditiveRouter(router.pieces, router.directions | {"exam": short}, 0.0, router.embedder)


def test_features_of_another_version_are_refused(router: AdditiveRouter) -> None:
    checkpoint = router.to_checkpoint()
    other = replace(checkpoint, settings={**checkpoint.settings, "features": ["words"]})
    with pytest.raises(CheckpointError, match="not those that this version computes"):
        AdditiveRouter.from_checkpoint(other)


def test_saved_and_loaded_it_scores_the_same(router: AdditiveRouter, tmp_path: Path) -> None:
    router.save(tmp_path / "saved")
    loaded = load_router(tmp_path / "saved")
    texts = [EVERYDAY, PROBLEM, EXAM, "我的包裹什么时候到？", ""]
    np.testing.assert_array_equal(loaded.score(texts), router.score(texts))
    assert loaded.fingerprint is not None


def test_a_prompt_is_read_once_for_its_score_and_for_what_is_known_of_it(
    router: AdditiveRouter, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[str] = []

    def noted(text: str) -> Shape:
        read.append(text)
        return shape_of(text)

    monkeypatch.setattr(additive, "shape_of", noted)
    texts = ["What is the capital of Norway?", "", "Prove it, please, for every lattice."]
    alone = {text: (router.score_one(text), router.knows(text)) for text in texts}
    assert read == texts
    assert [known for _, known in alone.values()] == [True, False, True]
    with ThreadPoolExecutor(8) as threads:
        together = list(
            threads.map(lambda text: (text, (router.score_one(text), router.knows(text))), texts * 200)
        )
    assert all(found == alone[text] for text, found in together)
    assert texts[-1].encode() not in pickle.dumps(router)
