"""A cache for tests that says how often it was asked, so that tests wait for events and not for time."""

from __future__ import annotations

import asyncio
from asyncio import AbstractEventLoop
from collections.abc import Callable, Coroutine, Iterable
from concurrent.futures import Future
from threading import Semaphore, Thread
from typing import Any, TypeVar

from routellm_core.routing.score_cache import Claim, ScoreCache

T = TypeVar("T")

PATIENCE = 10.0
"""Seconds until a test that waits for something calls it a deadlock; no test that passes waits so long."""


class WatchedCache(ScoreCache):
    def __init__(self, size: int = 100) -> None:
        super().__init__(size)
        self.claims = 0
        self._claimed = Semaphore(0)

    def claim(self, texts: Iterable[str], loop: AbstractEventLoop | None = None) -> Claim:
        claim = super().claim(texts, loop)
        self.claims += 1
        self._claimed.release()
        return claim

    def await_claims(self, count: int) -> None:
        for _ in range(count):
            assert self._claimed.acquire(timeout=PATIENCE), "a caller never asked"


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE):
        while not condition():
            await asyncio.sleep(0.001)


def in_thread(function: Callable[..., T], *arguments: Any) -> Future[T]:
    """Run a function in a thread that, if it blocks for good, does not block the end of the test run."""
    future: Future[T] = Future()

    def run() -> None:
        try:
            future.set_result(function(*arguments))
        except BaseException as error:
            future.set_exception(error)

    Thread(target=run, daemon=True).start()
    return future


def run_bounded(scenario: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """Run a scenario on an event loop of its own, which may block for good without blocking the test run."""
    done = in_thread(lambda: asyncio.run(scenario()))
    try:
        done.result(PATIENCE)
    except TimeoutError:
        raise AssertionError("the event loop is blocked") from None
