"""Event loops, cancellation, timeouts, threads and tasks."""

from __future__ import annotations

import asyncio
import gc
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest

pytest.importorskip("llama_index.core", reason="llama-index-core is not installed")
pytest.importorskip("llama_index.llms.openai", reason="llama-index-llms-openai is not installed")

import openai as sdk

from routellm_core import Router
from routellm_core.router import Scores

from examples.stand_in import StandInModel, StandInServer
from tests.routers import KeywordRouter


class SlowRouter(Router):
    """Takes its time, in whatever thread it is called."""

    def score(self, prompts: Sequence[str]) -> Scores:
        time.sleep(0.3)
        return np.full(len(prompts), 0.1)


async def test_scoring_does_not_block_the_loop(pair: Callable[..., Any]) -> None:
    ticks = 0

    async def tick() -> None:
        nonlocal ticks
        while True:
            await asyncio.sleep(0.01)
            ticks += 1

    ticking = asyncio.create_task(tick())
    await pair(router=SlowRouter()).acomplete("an easy one")
    ticking.cancel()
    assert ticks >= 10


async def test_cancelling_a_call_closes_the_connection(
    openai: Callable[..., Any], pair: Callable[..., Any]
) -> None:
    models = [StandInModel("gpt-4o"), StandInModel("gpt-4o-mini", latency=5.0)]
    with StandInServer(models) as server:
        llm = pair(weak=openai("gpt-4o-mini", api_base=server.openai_url), escalate_on=(Exception,))
        task = asyncio.create_task(llm.acomplete("an easy one"))
        while not server.requests:
            await asyncio.sleep(0.01)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await _until(lambda: server.disconnects["gpt-4o-mini"] == 1)
        assert server.calls() == {"gpt-4o-mini": 1}


async def test_cancelling_a_stream_closes_the_connection(
    openai: Callable[..., Any], pair: Callable[..., Any]
) -> None:
    with StandInServer([StandInModel("gpt-4o"), _slow_stream()]) as server:
        llm = pair(weak=openai("gpt-4o-mini", api_base=server.openai_url), escalate_on=(Exception,))
        began = asyncio.Event()

        async def read() -> None:
            async for _ in await llm.astream_complete("an easy one"):
                began.set()

        task = asyncio.create_task(read())
        await began.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await _until(lambda: server.disconnects["gpt-4o-mini"] == 1)


async def test_leaving_a_stream_closes_the_models(
    openai: Callable[..., Any], pair: Callable[..., Any]
) -> None:
    with StandInServer([StandInModel("gpt-4o"), _slow_stream()]) as server:
        llm = pair(weak=openai("gpt-4o-mini", api_base=server.openai_url))
        sync = llm.stream_complete("an easy one")
        next(sync)
        sync.close()
        stream = await llm.astream_complete("an easy one")
        await anext(stream)
        await stream.aclose()
        # OpenAI's own generators are in a reference cycle: a plain OpenAI's connection closes no sooner.
        del sync, stream
        await _until(lambda: gc.collect() >= 0 and server.disconnects["gpt-4o-mini"] == 2)


def _slow_stream() -> StandInModel:
    return StandInModel("gpt-4o-mini", token_delay=0.05, answer="word " * 200)


async def _until(condition: Callable[[], bool]) -> None:
    for _ in range(300):
        if condition():
            return
        await asyncio.sleep(0.01)
    raise AssertionError("it did not happen within three seconds")


async def test_a_timeout_is_the_models_own(openai: Callable[..., Any], pair: Callable[..., Any]) -> None:
    with StandInServer([StandInModel("gpt-4o"), StandInModel("gpt-4o-mini", latency=2.0)]) as server:
        weak = openai("gpt-4o-mini", api_base=server.openai_url, timeout=0.1)
        with pytest.raises(sdk.APITimeoutError):
            pair(weak=weak).complete("an easy one")
        strong = openai("gpt-4o", api_base=server.openai_url)
        llm = pair(strong=strong, weak=weak, escalate_on=(sdk.APITimeoutError,))
        assert "[gpt-4o]" in (await llm.acomplete("an easy one")).text


def test_threads_get_their_own_answers(pair: Callable[..., Any], openai: Callable[..., Any]) -> None:
    # With the retries that users have: 200 threads on one connection pool may lose a connection.
    llm = pair(strong=openai("gpt-4o", max_retries=3), weak=openai("gpt-4o-mini", max_retries=3))
    barrier = threading.Barrier(50)

    def ask(number: int) -> None:
        if number < 50:
            barrier.wait()
        hard = number % 2 == 0
        response = llm.complete(f"{'hard' if hard else 'easy'} number {number}")
        assert f"number {number}" in response.text
        assert response.additional_kwargs["routellm"]["route"] == ("strong" if hard else "weak")
        assert response.text.startswith("[gpt-4o]" if hard else "[gpt-4o-mini]")

    with ThreadPoolExecutor(200) as pool:
        list(pool.map(ask, range(200)))
    stats = llm.routing_stats()
    assert (stats.requests, stats.strong.calls, stats.weak.calls) == (200, 100, 100)


async def test_tasks_get_their_own_answers(pair: Callable[..., Any], router: KeywordRouter) -> None:
    llm = pair(router=router)
    gate = asyncio.Semaphore(100)

    async def ask(number: int) -> None:
        hard = number % 2 == 0
        async with gate:
            response = await llm.acomplete(f"{'hard' if hard else 'easy'} number {number}")
        assert f"number {number}" in response.text
        assert response.additional_kwargs["routellm"]["route"] == ("strong" if hard else "weak")
        assert response.text.startswith("[gpt-4o]" if hard else "[gpt-4o-mini]")

    await asyncio.gather(*(ask(number) for number in range(1_000)))
    assert llm.routing_stats().requests == 1_000
    assert sum(map(len, router.batches)) == 1_000
