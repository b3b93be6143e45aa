"""Drift that comes late is heard, told again while it lasts, and reaches log, hook and Python's warnings."""

import logging
import warnings
from collections.abc import Iterator

import numpy as np
import pytest

from routellm_core import Decision
from routellm_core.routing.drift import (
    ExpectedTraffic,
    MissingTokensWarning,
    ScoreDriftWarning,
    ShareDriftWarning,
    UnknownKindsWarning,
)
from routellm_core.routing.prices import Price, Prices, TokenUsage
from routellm_core.routing.routing_counter import RoutingCounter

QUANTILES = tuple(np.linspace(0.0, 1.0, 101).tolist())
PRICES = Prices(Price(10, 10), Price(1, 1))


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


class Heard(list[Warning]):
    """Hears drift, and knows at which call."""

    def __init__(self, expected: ExpectedTraffic) -> None:
        super().__init__()
        self.calls = 0
        self.at: list[int] = []
        self.counter = RoutingCounter(PRICES, expected, self)

    def __call__(self, warning: Warning) -> None:
        self.append(warning)
        self.at.append(self.calls)

    def score(self, scores: np.ndarray, threshold: float = 0.7) -> None:
        for score in scores.tolist():
            self.calls += 1
            route = "strong" if score >= threshold else "weak"
            self.counter.count(Decision(route, score, threshold, "score", "r"))  # type: ignore[arg-type]


def test_after_20_000_normal_calls_300_drifted_ones_are_noticed() -> None:
    rng = np.random.default_rng(0)
    heard = Heard(ExpectedTraffic(0.3, 0.7, QUANTILES, calibrated=True))
    heard.score(rng.random(20_000))
    assert heard == []
    heard.score(rng.uniform(0.6, 1.0, 300))

    assert {type(warning) for warning in heard} == {ShareDriftWarning, ScoreDriftWarning}


def test_a_small_shift_is_seen_in_the_long_window_alone() -> None:
    rng = np.random.default_rng(1)
    heard = Heard(ExpectedTraffic(None, 0.7, QUANTILES, calibrated=True))
    heard.score(rng.random(5_000) ** 1.8)
    assert [type(warning) for warning in heard][:1] == [ScoreDriftWarning]
    assert "of the last 1,000 calls" in str(heard[0]) or heard.at[0] < 1_000


def test_what_lasts_is_told_again_after_twice_as_many_calls() -> None:
    heard = Heard(ExpectedTraffic(0.3, 0.7))
    heard.score(np.full(16_000, 0.9))
    assert heard.at == [200, 1_200, 3_200, 7_200, 15_200]


def test_what_went_away_and_comes_back_is_told_at_once() -> None:
    rng = np.random.default_rng(2)
    heard = Heard(ExpectedTraffic(0.3, 0.7))
    heard.score(np.full(4_000, 0.9))
    before = len(heard)
    heard.score(rng.random(4_000))
    assert len(heard) == before
    heard.score(np.full(300, 0.9))
    assert len(heard) == before + 1


def asked(heard: Heard, text: str, count: int) -> None:
    for _ in range(count):
        heard.calls += 1
        heard.counter.count(Decision("weak", 0.1, 0.7, "score", "r", text=text))


def test_kinds_that_the_router_does_not_know_are_told_after_20_000_that_it_knows() -> None:
    heard = Heard(ExpectedTraffic(knows=lambda text: text != "a letter from Mars"))
    asked(heard, "where is my order?", 20_000)
    assert heard == []
    asked(heard, "a letter from Mars", 300)
    assert [type(warning) for warning in heard] == [UnknownKindsWarning]
    assert heard.at[0] <= 20_100
    assert "routellm adapt" in str(heard[0])
    asked(heard, "a letter from Mars", 4_000)
    assert len(heard) == 3


def test_a_few_prompts_of_unknown_kinds_are_no_drift() -> None:
    rng = np.random.default_rng(3)
    heard = Heard(ExpectedTraffic(knows=lambda text: text == "known"))
    for unknown in rng.random(20_000) < 0.09:
        asked(heard, "unknown" if unknown else "known", 1)
    assert heard == []


def test_a_router_that_does_not_say_or_fails_to_is_not_reported() -> None:
    def broken(text: str) -> bool:
        raise RuntimeError("no")

    for knows in (None, broken, lambda text: None):
        heard = Heard(ExpectedTraffic(knows=knows))
        asked(heard, "a letter from Mars", 400)
        assert heard == []
        assert heard.counter.snapshot().requests == 400


def test_answers_without_tokens_are_told() -> None:
    heard = Heard(ExpectedTraffic())
    decision = Decision("strong", 0.9, 0.7, "score", "r")
    for turn in range(400):
        heard.counter.count_tokens(decision, None if turn % 4 else TokenUsage(1, 1))
    assert [type(warning) for warning in heard] == [MissingTokensWarning]
    assert "75% of the last 200 answers" in str(heard[0])


def test_the_logger_routellm_has_every_one(caplog: pytest.LogCaptureFixture) -> None:
    heard = Heard(ExpectedTraffic(0.3, 0.7))
    with caplog.at_level(logging.WARNING, logger="routellm"):
        heard.score(np.full(4_000, 0.9))
    assert [record.name for record in caplog.records] == ["routellm"] * 3
    assert "100% of the last" in caplog.records[0].getMessage()


def test_a_hook_that_fails_fails_no_call(caplog: pytest.LogCaptureFixture) -> None:
    def broken(warning: Warning) -> None:
        raise RuntimeError("no")

    heard = Heard(ExpectedTraffic(0.3, 0.7))
    heard.counter.on_drift = broken
    heard.score(np.full(300, 0.9))
    assert heard.counter.snapshot().requests == 300
    assert "on_drift failed with RuntimeError; the call goes on." in caplog.text
