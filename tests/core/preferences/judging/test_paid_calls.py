"""Failing providers: what is tried again, how long, and what is counted as paid."""

import asyncio
import json
import random
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import pytest

from routellm_core.preferences.judging.call_log import CallLog
from routellm_core.preferences.judging.failure import Failure, RetryPolicy
from routellm_core.preferences.judging.judgement import JudgingResult
from routellm_core.preferences.judging.judging import judge_prompts
from routellm_core.preferences.judging.judging_settings import JudgingSettings
from routellm_core.preferences.judging.paid_calls import PaidCalls, RunHalted
from routellm_core.preferences.judging.responder import Answer, Message
from routellm_core.preferences.judging.spend import Spend
from routellm_core.routing.prices import Price

from tests.core.scripted_models import ProviderError, ScriptedModel, prefers

QUICK = RetryPolicy(first_wait=0.001, longest_wait=0.002, patience=5.0)
PROMPTS = [f"Question {number}?" for number in range(4)]
JUDGE = prefers("big on")


@pytest.mark.parametrize(
    ("error", "kind", "charged"),
    [
        (ProviderError(429), "retry", False),
        (ProviderError(500), "retry", False),
        (ProviderError(503), "retry", False),
        (ProviderError(529), "retry", False),
        (ProviderError(408), "retry", False),
        (TimeoutError(), "lost", True),
        (ConnectionResetError(), "lost", True),
        (ProviderError(400), "refused", False),
        (ProviderError(413), "refused", False),
        (ProviderError(401), "fatal", False),
        (ProviderError(404), "fatal", False),
        (ProviderError(429, "insufficient_quota"), "fatal", False),
        (KeyError("choices"), "fatal", True),
        (UnicodeEncodeError("utf-8", "\ud800", 0, 1, "surrogates not allowed"), "refused", False),
    ],
)
def test_what_an_error_means(error: Exception, kind: str, charged: bool) -> None:
    failure = Failure.from_error(error)
    assert (failure.kind, failure.may_be_charged) == (kind, charged)


def test_an_error_about_keys_is_told_without_its_words() -> None:
    assert "sk-123" not in repr(Failure.from_error(ProviderError(401, "Incorrect API key: sk-123")))
    assert str(Failure.from_error(ProviderError(400, "too\nlong"))) == "400 ProviderError: too long"
    assert len(str(Failure.from_error(ProviderError(400, "x" * 10_000)))) < 500


def test_retry_after_is_read_as_seconds_milliseconds_and_date() -> None:
    def read(headers: dict[str, str]) -> float | None:
        return Failure.from_error(ProviderError(429, headers=headers)).retry_after

    assert read({"retry-after": "7"}) == 7.0
    assert read({"retry-after-ms": "1500", "retry-after": "2"}) == 1.5
    date = format_datetime(datetime.now(UTC) + timedelta(seconds=100))
    assert read({"retry-after": date}) == pytest.approx(100, abs=5)
    assert read({"retry-after": format_datetime(datetime.now(UTC) - timedelta(seconds=9))}) == 0.0
    assert [read({"retry-after": text}) for text in ("soon", "-1", "nan", "")] == [None] * 4
    assert read({}) is None


def test_waits_double_up_to_the_longest_with_a_part_by_chance() -> None:
    policy, chance = RetryPolicy(first_wait=1.0, longest_wait=10.0), random.Random(0)
    for failures, full in ((1, 1.0), (2, 2.0), (3, 4.0), (5, 10.0), (5_000, 10.0)):
        waits = [policy.wait(failures, Failure("retry", ""), chance) for _ in range(50)]
        assert all(full / 2 <= wait <= full for wait in waits)
        assert len(set(waits)) > 40
    asked = [policy.wait(1, Failure("retry", "", retry_after=30.0), chance) for _ in range(50)]
    assert all(30.0 <= wait <= 31.0 for wait in asked)
    with pytest.raises(ValueError, match="patience is -1"):
        RetryPolicy(patience=-1)


async def run(
    tmp_path: Path, *models: ScriptedModel, retries: RetryPolicy = QUICK, concurrency: int = 4
) -> JudgingResult:
    settings = JudgingSettings(
        retries=retries,
        concurrency=concurrency,
        prices={name: Price(10_000, 10_000) for name in ("big", "small", "judge")},
    )
    big, small, judge = models
    return await judge_prompts(PROMPTS, big, small, judge, log=tmp_path / "log.jsonl", settings=settings)


async def test_passing_failures_are_tried_again(tmp_path: Path) -> None:
    failures = [ProviderError(429), ProviderError(500), TimeoutError(), ConnectionResetError()]
    big = ScriptedModel("big", failures=failures)
    result = await run(tmp_path, big, ScriptedModel("small"), ScriptedModel("judge", JUDGE))

    assert (len(result.found), result.stopped, result.made) == (4, "", 16)
    assert sum(big.asked.values()) == 8
    # Two of the four may have been charged: each for the most that its call can use.
    assert result.lost > 0
    events = [json.loads(line)["event"] for line in (tmp_path / "log.jsonl").read_text().splitlines()]
    assert (events.count("start"), events.count("failed"), events.count("lost")) == (20, 2, 2)
    with CallLog(tmp_path / "log.jsonl") as log:
        assert (log.interrupted, list(log.lost)) == (0, ["big"])
    later = await run(tmp_path, big, ScriptedModel("small"), ScriptedModel("judge", JUDGE))
    assert (later.made, later.lost) == (0, pytest.approx(result.lost))


async def test_a_provider_that_fails_for_too_long_ends_the_run_and_it_goes_on_later(tmp_path: Path) -> None:
    judge = ScriptedModel("judge", JUDGE, failures=[ProviderError(503)] * 10_000)
    big, small = ScriptedModel("big"), ScriptedModel("small")
    patience = RetryPolicy(first_wait=0.001, longest_wait=0.01, patience=0.1)
    result = await run(tmp_path, big, small, judge, retries=patience)

    assert result.stopped.startswith("judge failed ")
    assert "503 ProviderError" in result.stopped
    assert result.found == []
    judge.failures = []
    later = await run(tmp_path, big, small, judge)
    assert (len(later.found), later.stopped) == (4, "")
    assert set((big.asked + small.asked).values()) == {2}  # both models, each prompt once


async def test_a_wait_longer_than_the_patience_is_not_begun(tmp_path: Path) -> None:
    big = ScriptedModel("big", failures=[ProviderError(429, headers={"retry-after": "3600"})])
    async with asyncio.timeout(20):
        result = await run(
            tmp_path, big, ScriptedModel("small"), ScriptedModel("judge", JUDGE), concurrency=1
        )

    assert "429 ProviderError, which asks to wait 3600 s" in result.stopped
    assert sum(big.asked.values()) == 1


async def test_a_wrong_key_ends_the_run_at_once(tmp_path: Path) -> None:
    big = ScriptedModel("big", failures=[ProviderError(401)])
    result = await run(tmp_path, big, ScriptedModel("small"), ScriptedModel("judge", JUDGE), concurrency=1)

    assert result.stopped == "big can't be asked (401 ProviderError)"
    assert sum(big.asked.values()) == 1


async def test_one_refused_request_is_one_rejected_prompt(tmp_path: Path) -> None:
    small = ScriptedModel("small", failures=[ProviderError(400, "content policy")])
    result = await run(tmp_path, ScriptedModel("big"), small, ScriptedModel("judge", JUDGE))

    assert result.rejected == {"refused by small: 400 ProviderError": 1}
    assert "content policy" in (tmp_path / "log.jsonl").read_text()
    assert (len(result.found), result.stopped) == (3, "")


async def test_who_waits_to_try_again_ends_with_the_run(tmp_path: Path) -> None:
    slow = RetryPolicy(first_wait=1_000.0, longest_wait=1_000.0, patience=10_000.0)
    big = ScriptedModel("big", failures=[ProviderError(500), ProviderError(401)])
    async with asyncio.timeout(20):
        result = await run(tmp_path, big, ScriptedModel("small"), ScriptedModel("judge"), retries=slow)

    assert result.stopped == "big can't be asked (401 ProviderError)"


class Stuck(ScriptedModel):
    """Never answers."""

    async def __call__(self, messages: Sequence[Message]) -> Answer:
        await asyncio.Event().wait()
        raise AssertionError


async def test_a_call_that_never_ends_is_given_up(tmp_path: Path) -> None:
    settings = JudgingSettings(timeout=0.01, retries=RetryPolicy(first_wait=0.001, patience=0.0))
    trio = Stuck("big"), ScriptedModel("small"), ScriptedModel("judge")
    async with asyncio.timeout(20):
        result = await judge_prompts(PROMPTS, *trio, log=tmp_path / "log.jsonl", settings=settings)

    assert "TimeoutError" in result.stopped


async def test_the_first_reason_to_stop_is_the_one_that_is_told(tmp_path: Path) -> None:
    with CallLog(tmp_path / "log.jsonl") as log:
        calls = PaidCalls(log, Spend(), QUICK)
        calls.halt("first")
        calls.halt("second")
        with pytest.raises(RunHalted, match="first"):
            await calls.ask(ScriptedModel("big"), [{"role": "user", "content": "Why?"}], {})
    assert (tmp_path / "log.jsonl").read_bytes() == b""


async def test_a_full_disk_is_one_error_and_costs_one_answer_at_most(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def append(self: CallLog, row: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(CallLog, "append", append)
    big = ScriptedModel("big")
    with pytest.raises(OSError, match="No space left"):
        await run(tmp_path, big, ScriptedModel("small"), ScriptedModel("judge"))
    assert sum(big.asked.values()) == 0
