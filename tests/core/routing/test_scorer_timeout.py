"""`score_timeout`: a router that hangs costs a call no more than that, in threads and on event loops."""

import asyncio
import pickle
import threading
import time
import warnings
from collections.abc import Callable, Iterator, Sequence

import numpy as np
import pytest

from routellm_core.router import Router, RouterError, Scores
from routellm_core.routing.policy import RoutingPolicy
from routellm_core.routing.request import RoutingRequest
from routellm_core.routing.router_failure import RouterWarning
from routellm_core.routing.score_threads import MOST_AT_ONCE

from tests.routers import HangingRouter

SOON = 0.05
QUESTION = RoutingRequest("What is the capital of France?")


class HangingAsync(HangingRouter):
    """Its coroutine does not let itself be cancelled."""

    async def ascore(self, prompts: Sequence[str]) -> Scores:
        while not self.let_go.is_set():
            try:
                await asyncio.sleep(0.01)
            except asyncio.CancelledError:
                continue
        return np.full(len(prompts), 0.25)


class Panic(BaseException):
    """As a library in Rust raises it."""


@pytest.fixture
def hanging() -> Iterator[HangingRouter]:
    router = HangingRouter()
    yield router
    router.let_go.set()


@pytest.fixture
def hanging_async() -> Iterator[HangingAsync]:
    router = HangingAsync()
    yield router
    router.let_go.set()


def until(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.005)


def test_a_call_goes_on_without_its_score(hanging: HangingRouter) -> None:
    policy = RoutingPolicy(hanging, 0.5, score_timeout=SOON)

    with pytest.warns(RouterWarning, match="ScoreTimeoutError; the call goes to strong"):
        decision = policy.decide(QUESTION)

    assert (decision.route, decision.reason, decision.score) == ("strong", "router_error", None)


def test_a_score_that_comes_too_late_serves_the_next_call(hanging: HangingRouter) -> None:
    policy = RoutingPolicy(hanging, 0.5, score_timeout=SOON)
    with pytest.warns(RouterWarning):
        policy.decide(QUESTION)
    hanging.let_go.set()
    until(lambda: policy.cache.known(QUESTION.text or "") is not None)

    assert policy.decide(QUESTION).score == 0.25
    assert hanging.calls == 1


def test_who_asked_for_an_error_gets_one(hanging: HangingRouter) -> None:
    policy = RoutingPolicy(hanging, 0.5, on_router_error="raise", score_timeout=SOON)

    with pytest.raises(RouterError, match=r"router 'HangingRouter' failed: no score within 0\.05 s"):
        policy.decide(QUESTION)


@pytest.mark.parametrize("kind", ["thread", "coroutine"])
async def test_an_event_loop_waits_no_longer(
    kind: str, hanging: HangingRouter, hanging_async: HangingAsync
) -> None:
    policy = RoutingPolicy(hanging if kind == "thread" else hanging_async, 0.5, score_timeout=SOON)

    with pytest.warns(RouterWarning, match="ScoreTimeoutError"):
        decisions = await asyncio.wait_for(
            asyncio.gather(*(policy.adecide(QUESTION) for _ in range(3))), timeout=5
        )

    assert [decision.reason for decision in decisions] == ["router_error"] * 3
    hanging_async.let_go.set()
    await asyncio.sleep(0.05)


def test_a_router_that_hangs_holds_a_bounded_number_of_threads(hanging: HangingRouter) -> None:
    policy = RoutingPolicy(hanging, 0.5, score_timeout=0.001)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RouterWarning)
        for number in range(MOST_AT_ONCE + 5):
            policy.decide(RoutingRequest(f"a question of its own, number {number}"))
        until(lambda: hanging.calls == MOST_AT_ONCE)

        assert policy.decide(RoutingRequest("one more question of its own")).reason == "router_error"
        assert hanging.calls == MOST_AT_ONCE
        hanging.let_go.set()
        waiting = [thread for thread in threading.enumerate() if thread.name == "routellm-score"]
        for thread in waiting:
            thread.join(10)

        assert policy.decide(RoutingRequest("and one after they have ended")).score == 0.25


@pytest.mark.parametrize("end", [SystemExit, KeyboardInterrupt, GeneratorExit, Panic])
def test_a_router_that_ends_its_thread_is_asked_once(end: type[BaseException]) -> None:
    class Ending(HangingRouter):
        def score(self, prompts: Sequence[str]) -> Scores:
            self.calls += 1
            raise end

    router = Ending()
    with pytest.warns(RouterWarning, match="failed with RouterError"):
        decision = RoutingPolicy(router, 0.5, score_timeout=1.0).decide(QUESTION)

    assert (decision.reason, router.calls) == ("router_error", 1)


def test_the_routers_own_time_limit_is_its_own_error() -> None:
    class Impatient(HangingRouter):
        def score(self, prompts: Sequence[str]) -> Scores:
            raise TimeoutError

    with pytest.warns(RouterWarning, match="failed with TimeoutError"):
        RoutingPolicy(Impatient(), 0.5, score_timeout=5).decide(QUESTION)


@pytest.mark.parametrize("value", [0, -1, float("nan"), float("inf"), "1", True])
def test_what_is_no_time_is_refused(value: object) -> None:
    with pytest.raises(ValueError, match="score_timeout is"):
        RoutingPolicy(HangingRouter(), 0.5, score_timeout=value)  # type: ignore[arg-type]


def test_a_policy_with_a_limit_can_be_pickled() -> None:
    policy = pickle.loads(pickle.dumps(RoutingPolicy(_Plain(), 0.5, score_timeout=1.0)))

    assert policy.decide(QUESTION).score == 0.75
    assert pickle.loads(pickle.dumps(policy)).decide(QUESTION).score == 0.75


class _Plain(Router):
    def score(self, prompts: Sequence[str]) -> Scores:
        return np.full(len(prompts), 0.75)
