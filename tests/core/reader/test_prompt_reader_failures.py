"""A reader that fails: it pauses, is tried again, and says so once, without a secret."""

from __future__ import annotations

import asyncio
import time
import warnings
from contextlib import suppress
from typing import Any

import pytest

from routellm_core import RouterError
from routellm_core.preferences.judging.responder import Answer
from routellm_core.reader import ReaderWarning
from routellm_core.reader.pause import FAILURES
from routellm_core.routing.prices import TokenUsage

from tests.core.rated_prompts import PROMPTS, RATED, reader_of
from tests.core.scripted_models import ProviderError
from tests.core.scripted_reader import ScriptedReader


def test_one_that_keeps_failing_is_left_alone_and_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    responder = ScriptedReader(failures=[ValueError("broken")] * FAILURES)
    reader = reader_of(responder, concurrency=1)
    prompts = [f"question {number}" for number in range(FAILURES + 4)]
    with pytest.warns(ReaderWarning, match="gave no rating: ValueError"):
        assert [reader.ratings([prompt]) for prompt in prompts] == [{}] * len(prompts)

    assert len(responder.asked) == FAILURES
    assert (reader.stats().failed, reader.stats().skipped) == (FAILURES, 4)
    monkeypatch.setattr("routellm_core.reader.pause.monotonic", lambda: time.monotonic() + 60)
    assert reader.ratings(["Hello"]) == {"Hello": RATED["Hello"]}
    assert reader.ratings(["Why?"]) == {"Why?": RATED["Why?"]}


def test_after_the_pause_one_prompt_alone_tries_it(monkeypatch: pytest.MonkeyPatch) -> None:
    responder = ScriptedReader(failures=[ValueError("broken")] * 99)
    reader = reader_of(responder, concurrency=1)
    with pytest.warns(ReaderWarning):
        reader.ratings([f"question {number}" for number in range(FAILURES)])
    now = time.monotonic() + 60
    monkeypatch.setattr("routellm_core.reader.pause.monotonic", lambda: now)
    for number in range(5):
        reader.ratings([f"later {number}"])

    assert responder.asked[FAILURES:] == ["later 0"]


def test_failures_are_said_once_and_never_raised_unless_asked_for() -> None:
    reader = reader_of(ScriptedReader(lambda text: "I would say 40."))
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        assert [reader.ratings([prompt]) for prompt in PROMPTS[:3]] == [{}] * 3
    assert [str(each.message).split(": ")[1].split(".")[0] for each in told] == [
        "its answer is no number from 0 to 100"
    ]
    assert (reader.stats().failed, reader.stats().tokens) == (3, TokenUsage(900, 3))

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert reader_of(ScriptedReader(lambda text: "?")).ratings(["Hello"]) == {}
    with pytest.raises(RouterError, match="'scripted' gave no rating of 4 prompts: its answer is no number"):
        reader_of(ScriptedReader(lambda text: "?"), strict=True).ratings(PROMPTS)


def test_a_rate_limit_is_waited_out_where_there_is_time() -> None:
    responder = ScriptedReader(failures=[ProviderError(429, headers={"retry-after": "0.01"})] * 2)
    reader = reader_of(responder)

    assert reader.ratings(["Hello"]) == {"Hello": RATED["Hello"]}
    assert reader.stats().asked == 3


@pytest.mark.parametrize(
    "failure", [ProviderError(429, headers={"retry-after": "60"}), ProviderError(401), ProviderError(400)]
)
def test_what_will_not_come_in_time_is_not_waited_for(failure: ProviderError) -> None:
    responder = ScriptedReader(failures=[failure])
    with pytest.warns(ReaderWarning, match=f"{failure.status_code} ProviderError"):
        assert reader_of(responder).ratings(["Hello"]) == {}
    assert responder.asked == ["Hello"]


def test_no_message_repeats_a_secret() -> None:
    responder = ScriptedReader(failures=[ProviderError(400, "key sk-0123456789abcdefghijkl is wrong")])
    with pytest.warns(ReaderWarning) as told:
        reader_of(responder).ratings(["Hello"])
    assert "sk-" not in str(told[0].message)


def test_a_cancellation_inside_holds_no_thread() -> None:
    responder = ScriptedReader(failures=[asyncio.CancelledError(), SystemExit()])
    reader = reader_of(responder, concurrency=1)
    for _ in range(2):
        with suppress(ReaderWarning):
            assert reader.ratings(["Hello"]) == {}
    assert reader.ratings(["Hello"]) == {"Hello": RATED["Hello"]}


def test_what_answers_with_something_else_is_a_failure() -> None:
    class Wrong(ScriptedReader):
        def ask(self, messages: Any) -> Answer:
            return "35"  # type: ignore[return-value]

    with pytest.warns(ReaderWarning, match="gave no rating: TypeError"):
        assert reader_of(Wrong()).ratings(["Hello"]) == {}
