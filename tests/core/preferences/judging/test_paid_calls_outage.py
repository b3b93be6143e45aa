"""A judge that is down: minutes are outlasted, an hour ends the run, and nothing is paid twice."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from routellm_core.preferences.judging.failure import RetryPolicy
from routellm_core.preferences.judging.judgement import JudgingResult
from routellm_core.preferences.judging.judging import judge_prompts
from routellm_core.preferences.judging.judging_settings import JudgingSettings
from routellm_core.preferences.judging.responder import Answer, Message

from tests.core.scripted_models import ProviderError, ScriptedModel, prefers

PROMPTS = [f"Question {number}?" for number in range(4)]
JUDGE = prefers("big on")


class SkippingLoop(asyncio.SelectorEventLoop):
    """An event loop that waits for no time: its clock goes on to what comes next."""

    def __init__(self) -> None:
        super().__init__()
        self.skipped = 0.0
        select = self._selector.select  # type: ignore[attr-defined]  # asyncio's own

        def skipping(timeout: float | None = None) -> Any:
            self.skipped += timeout or 0.0
            return select(timeout if timeout is None else 0)

        self._selector.select = skipping  # type: ignore[attr-defined]

    def time(self) -> float:
        return super().time() + self.skipped


class Down(ScriptedModel):
    """A model that answers 503 until the loop's clock comes to a moment."""

    until = 0.0

    async def __call__(self, messages: Sequence[Message]) -> Answer:
        if asyncio.get_running_loop().time() < self.until:
            self.failures.append(ProviderError(503))
        return await super().__call__(messages)


@pytest.mark.parametrize(("minutes", "outlasted"), [(4, True), (60, False)])
def test_a_judge_that_is_down_for_minutes_is_outlasted_and_one_for_an_hour_ends_the_run(
    tmp_path: Path, minutes: int, outlasted: bool
) -> None:
    big, small, judge = ScriptedModel("big"), ScriptedModel("small"), Down("judge", JUDGE)

    async def run() -> JudgingResult:
        log = tmp_path / "log.jsonl"
        return await judge_prompts(
            PROMPTS, big, small, judge, log=log, settings=JudgingSettings(concurrency=4)
        )

    async def scenario() -> tuple[JudgingResult, float, JudgingResult]:
        clock = asyncio.get_running_loop().time
        begin = clock()
        judge.until = begin + minutes * 60.0
        first = await run()
        took = clock() - begin
        await asyncio.sleep(max(0.0, judge.until - clock()))
        return first, took, await run()

    with asyncio.Runner(loop_factory=SkippingLoop) as runner:
        first, took, second = runner.run(scenario())
    if outlasted:
        assert (len(first.found), first.stopped) == (4, "")
        assert minutes * 60.0 <= took < minutes * 60.0 + RetryPolicy.longest_wait + 10.0
    else:
        assert first.stopped.startswith("judge failed ")
        assert RetryPolicy.patience - RetryPolicy.longest_wait < took < RetryPolicy.patience + 10.0
    # Four calls at once, each tried with growing pauses.
    assert sum(judge.asked.values()) < 4 * 2 + 4 * 15
    assert (len(second.found), second.stopped) == (4, "")
    assert set((big.asked + small.asked).values()) == {2}  # both models, each prompt once
