"""A checker whose answer nobody waits for any more."""

import asyncio
import gc
import threading
from typing import Any

import pytest

from routellm_core import Decision, Disagreement
from routellm_core.routing.disagreement import SecondOpinion
from routellm_core.routing.routing_counter import RoutingCounter
from routellm_core.routing.shown_answer import ShownAnswer


async def test_a_checker_that_fails_beside_a_failing_weak_is_logged_nowhere() -> None:
    async def ask() -> Any:
        raise RuntimeError("bad key: sk-0123456789")

    said: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: said.append(context))
    with SecondOpinion(Disagreement("model"), ask, str) as opinion:
        opinion.astart(Decision("weak", 0.1, 0.5, "score", "router"), RoutingCounter())
        await asyncio.sleep(0.01)
    del opinion
    gc.collect()
    assert said == []


DECISION = Decision("weak", 0.1, 0.5, "score", "router")


def test_a_checker_that_hangs_leaves_weaks_answer(caplog: pytest.LogCaptureFixture) -> None:
    over = threading.Event()
    opinion = SecondOpinion(Disagreement("model", timeout=0.05), lambda: over.wait(20.0), str)
    counter = RoutingCounter()
    opinion.start(DECISION, counter)
    assert opinion.differs(DECISION, counter, "7") is False
    assert "failed with TimeoutError; weak's answer stays (1 so far)" in caplog.text
    assert counter.snapshot().uncompared == 1
    over.set()


async def test_a_task_that_heeds_no_cancellation_is_not_waited_for(caplog: pytest.LogCaptureFixture) -> None:
    over = asyncio.Event()

    async def ask() -> ShownAnswer:
        while not over.is_set():
            try:
                await over.wait()
            except asyncio.CancelledError:
                continue
        return ShownAnswer("8", None)

    opinion = SecondOpinion(Disagreement("model", timeout=0.05), ask, str)
    counter = RoutingCounter()
    opinion.astart(DECISION, counter)
    assert await asyncio.wait_for(opinion.adiffers(DECISION, counter, "7"), 10.0) is False
    assert "failed with TimeoutError; weak's answer stays" in caplog.text
    assert counter.snapshot().uncompared == 1
    over.set()


def test_an_answer_that_came_in_time_counts_though_weak_took_longer() -> None:
    counter = RoutingCounter()
    opinion = SecondOpinion(Disagreement("model", timeout=5.0), lambda: ShownAnswer("8", None), str)
    opinion.start(DECISION, counter)
    assert opinion._answer is not None
    opinion._answer.result(5.0)
    opinion._deadline = 0.0  # weak took longer than the checker may
    assert opinion.differs(DECISION, counter, "7") is True
    assert counter.snapshot().uncompared == 0


def test_a_checker_that_fails_for_long_is_said_now_and_then(caplog: pytest.LogCaptureFixture) -> None:
    def broken() -> ShownAnswer:
        raise ConnectionError("sk-secret")

    counter = RoutingCounter()
    for _ in range(150):
        opinion = SecondOpinion(Disagreement("model"), broken, str)
        opinion.start(DECISION, counter)
        assert opinion.differs(DECISION, counter, "7") is False
    assert [record.args for record in caplog.records] == [
        ("ConnectionError", times) for times in (1, 10, 100)
    ]
    assert counter.snapshot().uncompared == 150


@pytest.mark.parametrize("timeout", [0, -1, float("nan"), "soon"])
def test_a_timeout_is_a_time(timeout: Any) -> None:
    with pytest.raises((ValueError, TypeError), match="timeout is "):
        Disagreement("model", timeout=timeout)


class Panic(BaseException):
    """What a library's panic looks like: no Exception."""


@pytest.mark.parametrize("ending", [Panic, asyncio.CancelledError, GeneratorExit, SystemExit])
def test_what_ends_the_checkers_thread_ends_no_call(
    ending: type[BaseException], caplog: pytest.LogCaptureFixture
) -> None:
    def ask() -> ShownAnswer:
        raise ending("sk-secret")

    opinion, counter = SecondOpinion(Disagreement("model"), ask, str), RoutingCounter()
    opinion.start(DECISION, counter)
    assert opinion.differs(DECISION, counter, "7") is False
    assert counter.snapshot().uncompared == 1
    assert "sk-secret" not in caplog.text


@pytest.mark.parametrize("ending", [Panic, asyncio.CancelledError])
async def test_what_ends_the_checkers_task_ends_no_call(ending: type[BaseException]) -> None:
    async def ask() -> ShownAnswer:
        raise ending

    opinion, counter = SecondOpinion(Disagreement("model"), ask, str), RoutingCounter()
    opinion.astart(DECISION, counter)
    assert await opinion.adiffers(DECISION, counter, "7") is False
    assert counter.snapshot().uncompared == 1


async def test_who_is_cancelled_while_the_checker_is_asked_is_cancelled() -> None:
    opinion, counter = SecondOpinion(Disagreement("model"), asyncio.Event().wait, str), RoutingCounter()
    opinion.astart(DECISION, counter)
    waiting = asyncio.ensure_future(opinion.adiffers(DECISION, counter, "7"))
    await asyncio.sleep(0)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
