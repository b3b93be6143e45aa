"""Failing providers: what is tried again, how long, and what is counted as paid."""

import asyncio
import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from routellm_core.preferences.judging.call_log import CallLog
from routellm_core.preferences.judging.failure import RetryPolicy
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
