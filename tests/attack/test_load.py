"""200 threads, 1,000 tasks with cancellations, and forks: each call gets its own text's score."""

import asyncio
import multiprocessing
import random
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from routellm_core import Router, RoutingPolicy, RoutingRequest, load_router
from routellm_core.router import Scores

from tests.attack.odd_texts import odd_text
from tests.attack.strength import TIMES

THREADS, TASKS = 200, 1_000


class InThreads(Router):
    """The default router without its promise to be quick, so that calls wait for one another."""

    def __init__(self) -> None:
        self.inner = load_router("default")

    def score(self, prompts: Sequence[str]) -> Scores:
        return self.inner.score(prompts)


class Awaited(InThreads):
    async def ascore(self, prompts: Sequence[str]) -> Scores:
        await asyncio.sleep(0.001)
        return self.score(prompts)


ROUTERS = [load_router("default"), InThreads(), Awaited()]


def texts(count: int, seed: int) -> list[str]:
    chance = random.Random(seed)
    distinct = [f"{odd_text(chance)} {number}" for number in range(count // 4)]
    return [chance.choice(distinct) for _ in range(count)]


def expected(prompts: list[str]) -> list[float]:
    found: list[float] = np.asarray(load_router("default").score(prompts)).tolist()
    return found


@pytest.mark.parametrize("router", ROUTERS, ids=lambda router: router.name)
@pytest.mark.parametrize("timeout", [None, 60.0])
def test_threads(router: Router, timeout: float | None) -> None:
    policy = RoutingPolicy(router, 0.5, score_timeout=timeout)
    prompts = texts(THREADS * 5 * TIMES, seed=1)
    together = threading.Barrier(THREADS)

    def routed(start: int) -> list[float | None]:
        together.wait(60)
        return [policy.decide(RoutingRequest(text)).score for text in prompts[start::THREADS]]

    with ThreadPoolExecutor(THREADS) as pool:
        scores = list(pool.map(routed, range(THREADS)))
    wanted = expected(prompts)
    for start, found in enumerate(scores):
        assert found == pytest.approx(wanted[start::THREADS], abs=1e-12)


@pytest.mark.parametrize("router", ROUTERS, ids=lambda router: router.name)
@pytest.mark.parametrize("timeout", [None, 60.0])
async def test_tasks_of_which_a_third_is_cancelled(router: Router, timeout: float | None) -> None:
    policy = RoutingPolicy(router, 0.5, score_timeout=timeout)
    prompts = texts(TASKS * TIMES, seed=2)
    tasks = [asyncio.ensure_future(policy.adecide(RoutingRequest(text))) for text in prompts]
    await asyncio.sleep(0)
    for task in tasks[::3]:
        task.cancel()
    found = await asyncio.wait_for(asyncio.gather(*tasks, return_exceptions=True), timeout=120)

    for decision, score in zip(found, expected(prompts), strict=True):
        if not isinstance(decision, asyncio.CancelledError):
            assert not isinstance(decision, BaseException), decision
            assert decision.score == pytest.approx(score, abs=1e-12)
    # nothing of the cancelled ones is left that a later call would wait for
    again = await asyncio.wait_for(policy.adecide(RoutingRequest(prompts[0])), timeout=60)
    assert again.score == pytest.approx(expected(prompts[:1])[0], abs=1e-12)


def _in_child(prompts: list[str], answers: "multiprocessing.SimpleQueue[list[float | None]]") -> None:
    answers.put([_POLICY.decide(RoutingRequest(text)).score for text in prompts])


_POLICY = RoutingPolicy(load_router("default"), 0.5, score_timeout=60.0)


def test_forks() -> None:
    prompts = texts(40, seed=3)
    for text in prompts[:20]:
        _POLICY.decide(RoutingRequest(text))
    forking = multiprocessing.get_context("fork")
    answers = forking.SimpleQueue()
    children = [forking.Process(target=_in_child, args=(prompts, answers)) for _ in range(4)]
    for child in children:
        child.start()
    found = [answers.get() for _ in children]
    for child in children:
        child.join(60)
        assert child.exitcode == 0
    for scores in found:
        assert scores == pytest.approx(expected(prompts), abs=1e-12)
