"""Ratings are asked for once, all at once, and nobody waits for a reader that hangs or fails."""

from __future__ import annotations

import asyncio
import pickle
import subprocess
import sys
import threading
import time
import warnings
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextvars import ContextVar
from typing import Any

import pytest

from routellm_core.preferences.judging.responder import Answer, Responder
from routellm_core.reader import ReaderWarning
from routellm_core.reader.pause import FAILURES
from routellm_core.routing.prices import Price, TokenUsage

from tests.core.rated_prompts import PROMPTS, RATED, SOON, reader_of
from tests.core.scripted_reader import USAGE, AsyncReader, HangingReader, ScriptedReader


@pytest.fixture
def hanging() -> Iterator[HangingReader]:
    reader = HangingReader()
    yield reader
    reader.let_go.set()


@pytest.mark.parametrize("responder", [ScriptedReader(), AsyncReader()], ids=["blocking", "async"])
async def test_every_prompt_is_rated_in_threads_and_on_event_loops(responder: Responder) -> None:
    assert reader_of(responder).ratings(PROMPTS) == RATED
    assert await reader_of(responder).aratings(PROMPTS) == RATED


def test_each_prompt_is_asked_for_once_and_blank_ones_never() -> None:
    responder = ScriptedReader()
    reader = reader_of(responder)

    assert reader.ratings([*PROMPTS, *PROMPTS, "", " \n"]) == RATED
    assert reader.ratings(PROMPTS[:2]) == {prompt: RATED[prompt] for prompt in PROMPTS[:2]}
    assert sorted(responder.asked) == sorted(PROMPTS)
    assert (reader.stats().asked, reader.stats().rated, reader.stats().reused) == (4, 4, 2)


def test_many_are_asked_at_once_and_not_more_than_that(hanging: HangingReader) -> None:
    reader = reader_of(hanging, concurrency=3)
    many = [f"question {number}" for number in range(20)]
    asking = threading.Thread(target=reader.ratings, args=(many,))
    asking.start()
    end = time.monotonic() + 10
    while hanging.running < 3 and time.monotonic() < end:
        time.sleep(0.005)
    hanging.let_go.set()
    asking.join(10)

    assert hanging.peak == 3
    assert reader.stats().rated == 20


@pytest.mark.parametrize("count", [1, 40])
async def test_nobody_waits_longer_than_the_limit(hanging: HangingReader, count: int) -> None:
    reader = reader_of(hanging, timeout=SOON)
    prompts = [f"question {number}" for number in range(count)]
    start = time.monotonic()
    with pytest.warns(ReaderWarning, match=r"'scripted' gave no rating: no answer within 0\.05 s"):
        assert reader.ratings(prompts) == {}
    assert await reader.aratings([f"another {number}" for number in range(count)]) == {}

    assert time.monotonic() - start < 5
    stats = reader.stats()
    assert stats.failed + stats.skipped == 2 * count


async def test_the_event_loop_goes_on_while_a_rating_is_waited_for(hanging: HangingReader) -> None:
    waiting = asyncio.ensure_future(reader_of(hanging).aratings(["Hello"]))
    await asyncio.sleep(0.02)
    assert not waiting.done()
    hanging.let_go.set()

    assert await waiting == {"Hello": RATED["Hello"]}


def test_with_every_thread_held_by_a_call_that_hangs_nobody_waits_any_more(hanging: HangingReader) -> None:
    reader = reader_of(hanging, timeout=0.1, concurrency=2)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ReaderWarning)
        for number in range(FAILURES):
            reader.ratings([f"question {number}"])
    start = time.monotonic()
    for number in range(50):
        reader.ratings([f"later {number}"])

    assert time.monotonic() - start < 2
    assert reader.stats().skipped == 50
    assert hanging.running == 2


def test_prompts_that_only_stand_in_line_do_not_end_the_readings() -> None:
    def slowly(text: str) -> str:
        time.sleep(0.1)
        return "5"

    reader = reader_of(ScriptedReader(slowly), timeout=0.5, concurrency=1)
    with warnings.catch_warnings(), ThreadPoolExecutor(20) as calls:
        warnings.simplefilter("ignore", ReaderWarning)
        list(calls.map(lambda number: reader.ratings([f"question {number}"]), range(20)))

    assert reader.stats().failed > FAILURES
    assert reader.stats().skipped == 0
    assert reader.ratings(["Hello"]) == {"Hello": 5}


def test_one_that_hangs_keeps_no_other_from_its_rating() -> None:
    responder = HangingReader("Hello")
    with pytest.warns(ReaderWarning):
        found = reader_of(responder, timeout=0.3).ratings(PROMPTS)
    responder.let_go.set()

    assert found == {prompt: rating for prompt, rating in RATED.items() if prompt != "Hello"}


def test_a_rating_that_comes_too_late_serves_the_next_call(hanging: HangingReader) -> None:
    reader = reader_of(hanging, timeout=SOON)
    with pytest.warns(ReaderWarning):
        assert reader.ratings(["Hello"]) == {}
    hanging.let_go.set()
    end = time.monotonic() + 10
    while not reader.stats().rated and time.monotonic() < end:
        time.sleep(0.005)

    assert reader.ratings(["Hello"]) == {"Hello": RATED["Hello"]}
    assert hanging.asked.count("Hello") == 2  # once before it hung, once after


def test_tokens_and_cost_are_counted_and_charged_to_each_prompt_once() -> None:
    reader = reader_of(ScriptedReader(), price=Price(1.0, 4.0))
    reader.ratings(PROMPTS)
    stats = reader.stats()

    assert stats.tokens == TokenUsage(4 * USAGE.input, 4 * USAGE.output)
    assert stats.cost == pytest.approx(4 * 304e-6)
    assert reader.charge("Hello") == pytest.approx(304e-6)
    assert reader.charge("Hello") == 0.0
    assert reader.charge("never read") == 0.0

    unpriced = reader_of(ScriptedReader(usage=None))
    unpriced.ratings(["Hello"])
    assert (unpriced.stats().cost, unpriced.stats().without_tokens) == (None, 1)


@pytest.mark.parametrize("usage", [TokenUsage(-5, 1), TokenUsage(10**9, 1), "many", TokenUsage(5, 1, 9)])
def test_tokens_that_cannot_be_true_count_as_the_most_that_the_call_could_use(usage: Any) -> None:
    reader = reader_of(ScriptedReader(usage=usage), price=Price(1.0, 4.0))
    reader.ratings(["Hello"])
    tokens = reader.stats().tokens

    assert 1_000 < tokens.input < 3_000
    assert tokens.output == ScriptedReader.max_tokens
    assert reader.stats().cost == pytest.approx((tokens.input + 4 * tokens.output) / 1e6)


def test_an_answer_from_a_cache_costs_nothing() -> None:
    reader = reader_of(ScriptedReader(usage=TokenUsage()), price=Price(1.0, 4.0))
    reader.ratings(["Hello"])
    assert (reader.stats().cost, reader.stats().without_tokens) == (0.0, 0)


def test_one_that_hangs_does_not_keep_python_from_exiting() -> None:
    script = """if True:
        from routellm_core.reader import ReaderRouter
        from tests.core.scripted_reader import HangingReader
        print(ReaderRouter(HangingReader(), timeout=0.05).score(["Hello"]).shape)
    """
    ended = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=25)

    assert ended.stdout.strip() == "(1,)"
    assert ended.returncode == 0


def test_a_reading_is_no_part_of_the_call_around_it() -> None:
    run: ContextVar[str] = ContextVar("run", default="none")
    seen: list[str] = []
    run.set("the caller's")

    def rule(text: str) -> str:
        seen.append(run.get())
        return "5"

    reader_of(ScriptedReader(rule)).ratings(["Hello"])
    assert seen == ["none"]


def test_wrong_settings_are_refused_by_name() -> None:
    with pytest.raises(ValueError, match="responder is str, expected what responder"):
        reader_of("gpt-4o-mini")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="timeout is 0, expected a number above 0 and at most 600"):
        reader_of(ScriptedReader(), timeout=0)
    with pytest.raises(ValueError, match="timeout is 1e\\+300, expected a number above 0 and at most 600"):
        reader_of(ScriptedReader(), timeout=1e300)
    with pytest.raises(ValueError, match="concurrency is 10000, expected at most 256"):
        reader_of(ScriptedReader(), concurrency=10_000)
    with pytest.raises(ValueError, match="concurrency is 0, expected a whole number of at least 1"):
        reader_of(ScriptedReader(), concurrency=0)


def test_one_that_can_only_be_awaited_and_hangs_holds_no_thread() -> None:
    class Hanging(AsyncReader):
        async def __call__(self, messages: Any) -> Answer:
            await asyncio.sleep(60)
            return await super().__call__(messages)

    reader = reader_of(Hanging(), timeout=SOON, concurrency=1)
    with pytest.warns(ReaderWarning):
        reader.ratings(["Hello"])
    end = time.monotonic() + 10
    while reader._threads._waiting == 0 and time.monotonic() < end:
        time.sleep(0.005)

    assert reader._threads._waiting == 1


def test_a_pickle_reads_on_and_counts_for_itself() -> None:
    reader = reader_of(AsyncReader(), price=Price(1.0, 4.0))
    reader.ratings(PROMPTS)
    twin = pickle.loads(pickle.dumps(reader))

    assert twin.ratings(["Hello"]) == {"Hello": RATED["Hello"]}
    assert (twin.stats().asked, reader.stats().asked) == (1, 4)
