"""ReaderRouter: the reader's order on the base's scale, the base's score where there is no rating."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from routellm_core import Router, RouterError, RoutingPolicy, RoutingRequest, load_router
from routellm_core.checkpoints import Checkpoint, CheckpointError
from routellm_core.evaluation.stored_scores import StoredScores
from routellm_core.reader import ReaderRouter, ReaderWarning
from routellm_core.router import Scores, quantile_grid

from tests.core.scripted_reader import HangingReader, ScriptedReader
from tests.routers import KeywordRouter

DEFAULT = load_router("default")
PROMPTS = ["Say hello.", "What is 2+2?", "Prove that there are infinitely many primes.", "Name a colour."]


def rated(ratings: dict[str, int], **settings: object) -> ReaderRouter:
    return ReaderRouter(ScriptedReader(lambda text: str(ratings[text])), **settings)  # type: ignore[arg-type]


def test_the_order_is_the_readers_and_the_scale_the_bases() -> None:
    router = rated(dict(zip(PROMPTS, (90, 40, 10, 60), strict=True)))
    scores = router.score(PROMPTS)

    assert scores.argsort().tolist() == [2, 1, 3, 0]
    assert router.score_quantiles is DEFAULT.score_quantiles
    # a median rating has the median score
    median = float(np.median(DEFAULT.score_quantiles))  # type: ignore[arg-type]
    assert rated({"x": 22}).score(["x"])[0] == pytest.approx(median, abs=0.01)


def test_among_equal_ratings_the_bases_order_counts() -> None:
    scores = rated(dict.fromkeys(PROMPTS, 30)).score(PROMPTS)

    assert scores.argsort().tolist() == DEFAULT.score(PROMPTS).argsort().tolist()
    assert len(set(scores.tolist())) == len(PROMPTS)


def test_without_a_rating_the_bases_score_stands() -> None:
    router = ReaderRouter(ScriptedReader(lambda text: "no idea"))
    with pytest.warns(ReaderWarning):
        assert router.score(PROMPTS).tolist() == DEFAULT.score(PROMPTS).tolist()
    assert router.score(["", "  "]).tolist() == DEFAULT.score(["", "  "]).tolist()


async def test_a_call_does_not_wait_for_a_reader_that_hangs() -> None:
    hanging = HangingReader()
    policy = RoutingPolicy(ReaderRouter(hanging, timeout=0.05), 0.5)
    start = time.monotonic()
    with pytest.warns(ReaderWarning):
        decision = policy.decide(RoutingRequest(PROMPTS[0]))
    awaited = await policy.adecide(RoutingRequest(PROMPTS[1]))
    hanging.let_go.set()

    assert time.monotonic() - start < 5
    assert (decision.reason, decision.score) == ("score", DEFAULT.score_one(PROMPTS[0]))
    assert awaited.score == DEFAULT.score_one(PROMPTS[1])


def test_a_strict_one_raises_instead() -> None:
    with pytest.raises(RouterError, match="gave no rating of 4 prompts"):
        ReaderRouter(ScriptedReader(lambda text: "?"), strict=True).score(PROMPTS)


def test_it_is_fitted_to_a_reader_that_uses_the_numbers_otherwise() -> None:
    many = [f"{prompt} {number}" for number in range(20) for prompt in PROMPTS]
    low = {prompt: number % 7 for number, prompt in enumerate(many)}
    asked = ScriptedReader(lambda text: str(low[text]))
    router = ReaderRouter(asked)
    fitted = router.fitted(many)
    scores = fitted.score(many)

    assert len(asked.asked) == len(many)  # no prompt is read twice
    assert np.median(scores) == pytest.approx(np.median(DEFAULT.score_quantiles), abs=0.03)  # type: ignore[arg-type]
    assert np.median(router.score(many)) < np.median(scores)
    assert fitted.fingerprint != router.fingerprint
    with pytest.raises(RouterError, match="2 of 2 prompts were rated, and a scale needs at least 20"):
        router.fitted(many[:2])


def test_the_explanation_adds_the_rating_to_what_the_base_says() -> None:
    router = rated(dict.fromkeys(PROMPTS, 95))
    found = router.explain(PROMPTS[0])

    assert found.parts[0].name == "scripted rates it 95"
    assert found.average is not None
    assert found.average + sum(part.amount for part in found.parts) == pytest.approx(found.score)
    assert found.score == router.score_one(PROMPTS[0])


def test_the_base_says_what_is_known_and_what_was_trained_on() -> None:
    router = rated({})

    assert router.knows("Say hello.") == DEFAULT.knows("Say hello.")
    assert router.coverage is DEFAULT.coverage


def test_a_base_without_quantiles_is_refused() -> None:
    with pytest.raises(ValueError, match="'KeywordRouter' ships no score quantiles"):
        ReaderRouter(ScriptedReader(), base=KeywordRouter("hard"))


def test_another_base_can_be_given() -> None:
    base = load_router("random", seed=1)
    with pytest.warns(ReaderWarning):
        assert ReaderRouter(ScriptedReader(lambda _: ""), base=base).score(["x"]) == base.score(["x"])


def test_it_is_made_by_its_name_too() -> None:
    router = load_router("reader", responder=ScriptedReader(), timeout=1.0)

    assert router.name == "reader"
    assert router.score(PROMPTS).tolist() == ReaderRouter(ScriptedReader()).score(PROMPTS).tolist()


def test_it_loads_with_the_responder_given_again_and_asks_nothing(tmp_path: Path) -> None:
    router = ReaderRouter(ScriptedReader(), price={"input": 0.1, "output": 0.4}, timeout=7.5, concurrency=3)
    router.save(tmp_path / "r")
    with pytest.raises(CheckpointError, match=r"'scripted' was asked through a ScriptedReader.*responder="):
        load_router(tmp_path / "r")
    asked = ScriptedReader()
    loaded = load_router(tmp_path / "r", responder=asked)

    assert asked.asked == []
    assert isinstance(loaded, ReaderRouter)
    assert loaded.fingerprint == router.fingerprint
    assert (loaded.reader.timeout, loaded.reader.concurrency, loaded.reader.price) == (
        7.5,
        3,
        router.reader.price,
    )


@pytest.mark.parametrize(
    ("field", "value"), [("timeout", -1), ("concurrency", "x"), ("price", {"input": 1}), ("strict", None)]
)
def test_a_damaged_setting_is_refused_when_it_is_loaded(field: str, value: object, tmp_path: Path) -> None:
    ReaderRouter(ScriptedReader(), base=load_router("random")).save(tmp_path)
    config = json.loads((tmp_path / "config.json").read_text())
    if value is None:
        del config["settings"][field]
    else:
        config["settings"][field] = value
    (tmp_path / "config.json").write_text(json.dumps(config))
    with pytest.raises(CheckpointError):
        load_router(tmp_path, responder=ScriptedReader())


def test_scores_that_stand_in_for_ratings_are_not_stored(tmp_path: Path) -> None:
    class Slow(Router):
        score_quantiles = quantile_grid()

        def score(self, prompts: Sequence[str]) -> Scores:
            return np.full(len(prompts), 0.5)

        def to_checkpoint(self) -> Checkpoint:
            return load_router("random").to_checkpoint()

    store = StoredScores(tmp_path / "scores.sqlite3")
    failing = ReaderRouter(ScriptedReader(failures=[ValueError("broken")]), base=Slow())
    with pytest.warns(ReaderWarning):
        first = store.score(failing, ["Hello"])
    second = store.score(failing, ["Hello"])
    again = ScriptedReader(lambda text: pytest.fail("it is stored"))

    assert first.tolist() == [0.5]
    assert second.tolist() != [0.5]
    assert store.score(ReaderRouter(again, base=Slow()), ["Hello"]).tolist() == second.tolist()
