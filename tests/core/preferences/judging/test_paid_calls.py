"""Failing providers: what is tried again, how long, and what is counted as paid."""

import asyncio
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from routellm_core.preferences.judging.call_log import CallLog
from routellm_core.preferences.judging.disk_reserve import RESERVED_BYTES, DiskReserve
from routellm_core.preferences.judging.failure import RetryPolicy
from routellm_core.preferences.judging.judgement import JudgingResult
from routellm_core.preferences.judging.judging import judge_prompts
from routellm_core.preferences.judging.judging_settings import JudgingSettings
from routellm_core.preferences.judging.paid_calls import PaidCalls, RunHalted
from routellm_core.preferences.judging.responder import Answer, Message
from routellm_core.preferences.judging.spend import Spend
from routellm_core.routing.prices import Price, TokenUsage

from tests.core.scripted_models import ProviderError, ScriptedModel, prefers

QUICK = RetryPolicy(first_wait=0.001, longest_wait=0.002, patience=5.0)
PROMPTS = [f"Question {number}?" for number in range(4)]
JUDGE = prefers("big on")


async def run(
    tmp_path: Path, *models: ScriptedModel, retries: RetryPolicy = QUICK, **others: Any
) -> JudgingResult:
    given = {
        "retries": retries,
        "concurrency": 4,
        "prices": {name: Price(10_000, 10_000) for name in ("big", "small", "judge")},
        **others,
    }
    settings = JudgingSettings(**given)
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


class FullDisk:
    """A disk with room for so many bytes of a log and its reserve, in place of the log's handle."""

    def __init__(self, log: CallLog, room: int) -> None:
        self.log = log
        self.room = room
        self.handle = log._end

    def write(self, data: bytes) -> int:
        reserve = self.log.path.with_name(self.log.path.name + ".reserve")
        used = self.log.path.stat().st_size + (RESERVED_BYTES if reserve.exists() else 0)
        left = self.room + RESERVED_BYTES - used
        if left <= 0:
            raise OSError(28, "No space left on device")
        # as a disk does: what there is room for is written
        return self.handle.write(data[:left])

    def __getattr__(self, name: str) -> Any:
        return getattr(self.handle, name)


@pytest.mark.parametrize("room", [0, 10, 500, 1_000, 1_500, 2_000, 2_500, 3_000, 4_000])
async def test_a_full_disk_names_the_file_and_nothing_is_asked_twice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, room: int
) -> None:
    opened = CallLog.__init__

    def on_a_full_disk(self: CallLog, path: Path) -> None:
        opened(self, path)
        self._end = FullDisk(self, room)  # type: ignore[assignment]  # all of it that is used

    monkeypatch.setattr(CallLog, "__init__", on_a_full_disk)
    trio = [ScriptedModel("big"), ScriptedModel("small"), ScriptedModel("judge", JUDGE)]
    stopped = await run(tmp_path, *trio, concurrency=3)
    assert "log.jsonl" in stopped.stopped
    assert "No space left on device" in stopped.stopped or "is full" in stopped.stopped
    monkeypatch.setattr(CallLog, "__init__", opened)
    whole = await run(tmp_path, *trio, concurrency=3)

    assert (len(whole.found), whole.stopped, whole.interrupted) == (4, "", 0)
    assert max(count for model in trio for count in model.asked.values()) == 1
    assert [path.name for path in tmp_path.iterdir()] == ["log.jsonl"]


async def test_a_disk_that_is_full_from_the_start_is_said_before_anything_is_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_room(self: DiskReserve, log: Path) -> None:
        raise OSError(28, "No space left on device", f"{log}.reserve")

    monkeypatch.setattr(DiskReserve, "__init__", no_room)
    big = ScriptedModel("big")
    with pytest.raises(OSError, match=r"No space left on device: .*log\.jsonl\.reserve"):
        await run(tmp_path, big, ScriptedModel("small"), ScriptedModel("judge"))
    assert sum(big.asked.values()) == 0


LIES: list[Any] = [
    TokenUsage(20.0, 5),  # type: ignore[arg-type]
    TokenUsage(-1_000_000, 5),
    TokenUsage(20, -5),
    TokenUsage(20, 5, 21),
    TokenUsage(10**15, 5),
    TokenUsage(20, 10**15),
    TokenUsage([20], 5),  # type: ignore[arg-type]
    TokenUsage(20, True),
    TokenUsage(None, 5),  # type: ignore[arg-type]
    TokenUsage("20", 5),  # type: ignore[arg-type]
    {"input": 20},
    20,
]


@pytest.mark.parametrize("usage", LIES, ids=repr)
async def test_usage_that_cant_be_true_counts_as_the_most_and_the_cap_holds(
    tmp_path: Path, usage: Any
) -> None:
    prices = {name: Price(1e6, 1e6) for name in ("big", "small", "judge")}
    trio = [ScriptedModel(name, usage=usage) for name in ("big", "small")]
    trio.append(ScriptedModel("judge", JUDGE, usage=usage))
    first = await run(tmp_path, *trio, prices=prices, max_cost=1_000.0)
    log = (tmp_path / "log.jsonl").read_bytes()
    later = await run(tmp_path, *trio, prices=prices, max_cost=100_000.0)

    assert 0.0 < first.spent <= 1_000.0
    assert (tmp_path / "log.jsonl").read_bytes().startswith(log)
    assert (len(later.found), later.stopped) == (4, "")
    assert all(count == 1 for model in trio for count in model.asked.values())
    answers = [json.loads(line) for line in (tmp_path / "log.jsonl").read_text().splitlines()]
    assert not any(row["counted"] for row in answers if row["event"] == "answer")


@pytest.mark.parametrize("text", [["a", "b"], {"text": "a"}, None, 7, b"a"])
async def test_an_answer_that_is_no_text_is_logged_as_none(tmp_path: Path, text: Any) -> None:
    trio = ScriptedModel("big", lambda _: text), ScriptedModel("small"), ScriptedModel("judge", JUDGE)
    first = await run(tmp_path, *trio)
    later = await run(tmp_path, *trio)

    assert first.rejected == later.rejected == {"big answered nothing": 4}
    assert set(trio[0].asked.values()) == {1}


async def test_what_is_no_answer_ends_the_run(tmp_path: Path) -> None:
    class Bare(ScriptedModel):
        async def __call__(self, messages: Any) -> Any:
            return "just a text"

    result = await run(tmp_path, Bare("big"), ScriptedModel("small"), ScriptedModel("judge", JUDGE))

    assert "big returned str, expected an Answer" in result.stopped


KEY = "an odd key without form"


class Echoing(ScriptedModel):
    """A provider that repeats the request's headers, in its errors and in its answers."""

    secrets = (KEY,)


@pytest.mark.parametrize("status", [400, 500, None])
async def test_a_key_that_a_provider_repeats_is_in_no_log_and_no_message(
    tmp_path: Path, status: int | None
) -> None:
    text = f"sent headers: {{'Authorization': 'Bearer {KEY}', 'x-api-key': 'sk-0123456789abcdefgh'}}"
    error = ValueError(text) if status is None else ProviderError(status, text)
    big = Echoing("big", lambda _: f"your key is {KEY}", failures=[error])
    result = await run(tmp_path, big, ScriptedModel("small"), ScriptedModel("judge", JUDGE))
    written = (tmp_path / "log.jsonl").read_text()

    assert "sent headers" in written
    for secret in (KEY, "0123456789abcdefgh"):
        assert secret not in written
        assert secret not in repr(result)
