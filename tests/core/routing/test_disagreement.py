"""A checker whose answer nobody waits for any more."""

import asyncio
import gc
import threading
from typing import Any

import pytest

from routellm_core import Decision, Disagreement
from routellm_core.routing.disagreement import SecondOpinion
from routellm_core.routing.routing_counter import RoutingCounter


async def test_a_checker_that_fails_beside_a_failing_weak_is_logged_nowhere() -> None:
    async def ask() -> Any:
        raise RuntimeError("bad key: sk-0123456789")

    said: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: said.append(context))
    with SecondOpinion(Disagreement("model"), ask, str, lambda _: None) as opinion:
        opinion.astart(Decision("weak", 0.1, 0.5, "score", "router"), RoutingCounter())
        await asyncio.sleep(0.01)
    del opinion
    gc.collect()
    assert said == []


DECISION = Decision("weak", 0.1, 0.5, "score", "router")


def test_a_checker_that_hangs_leaves_weaks_answer(caplog: pytest.LogCaptureFixture) -> None:
    over = threading.Event()
    opinion = SecondOpinion(Disagreement("model", timeout=0.05), lambda: over.wait(20.0), str, lambda _: None)
    opinion.start(DECISION, RoutingCounter())
    assert opinion.differs(DECISION, "7") is False
    assert "failed with TimeoutError; weak's answer stays" in caplog.text
    over.set()


async def test_a_task_that_heeds_no_cancellation_is_not_waited_for(caplog: pytest.LogCaptureFixture) -> None:
    over = asyncio.Event()

    async def ask() -> str:
        while not over.is_set():
            try:
                await over.wait()
            except asyncio.CancelledError:
                continue
        return "8"

    opinion = SecondOpinion(Disagreement("model", timeout=0.05), ask, str, lambda _: None)
    opinion.astart(DECISION, RoutingCounter())
    assert await asyncio.wait_for(opinion.adiffers(DECISION, "7"), 10.0) is False
    assert "failed with TimeoutError; weak's answer stays" in caplog.text
    over.set()


def test_an_answer_that_came_in_time_counts_though_weak_took_longer() -> None:
    answered = threading.Event()

    def usage_of(message: object) -> None:
        answered.set()

    opinion = SecondOpinion(Disagreement("model", timeout=5.0), lambda: "8", str, usage_of)
    opinion.start(DECISION, RoutingCounter())
    assert answered.wait(5.0)
    assert opinion._answer is not None
    opinion._answer.result(5.0)
    opinion._deadline = 0.0  # weak took longer than the checker may
    assert opinion.differs(DECISION, "7") is True


@pytest.mark.parametrize("timeout", [0, -1, float("nan"), "soon"])
def test_a_timeout_is_a_time(timeout: Any) -> None:
    with pytest.raises((ValueError, TypeError), match="timeout is "):
        Disagreement("model", timeout=timeout)
