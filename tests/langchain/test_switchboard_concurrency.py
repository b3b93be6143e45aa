"""Scoring never blocks the loop, calls can be cancelled, and everybody gets their own answer."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest
from langchain_core.messages import AIMessage

from routellm_core import Router
from routellm_core.router import Scores

from examples.stand_in import StandInModel, StandInServer
from tests.langchain.answers import until
from tests.langchain.conftest import Pair, chat_openai


class GatedRouter(Router):
    """Scores once it is let go, from whatever thread it is called in."""

    def __init__(self) -> None:
        self.gate = threading.Event()
        self.threads: set[int] = set()

    def score(self, prompts: Sequence[str]) -> Scores:
        self.threads.add(threading.get_ident())
        assert self.gate.wait(timeout=10)
        return np.zeros(len(prompts))


async def test_the_loop_runs_on_while_a_router_scores(pair: Pair) -> None:
    router = GatedRouter()
    llm = pair(router=router)
    calls = [llm.ainvoke("one"), llm.abatch(["two", "three"]), _first(llm.astream("four"))]
    tasks = [asyncio.create_task(call) for call in calls]
    await asyncio.sleep(0.05)
    # The loop is here although all of them wait for their score.
    assert not any(task.done() for task in tasks)
    router.gate.set()
    await asyncio.gather(*tasks)
    assert threading.get_ident() not in router.threads


async def _first(chunks: Any) -> Any:
    async for chunk in chunks:
        return chunk


@pytest.mark.parametrize("streamed", [False, True])
async def test_cancelling_closes_the_providers_connection(pair: Pair, streamed: bool) -> None:
    slow = StandInModel("gpt-weak", latency=0.0 if streamed else 30.0, token_delay=5.0 if streamed else 0.0)
    with StandInServer([StandInModel("gpt-strong"), slow]) as server:
        llm = pair(strong=chat_openai(server, "gpt-strong"), weak=chat_openai(server, "gpt-weak"))

        async def consume() -> None:
            if streamed:
                async for _ in llm.astream("an easy question"):
                    pass
            else:
                await llm.ainvoke("an easy question")

        task = asyncio.create_task(consume())
        await until(lambda: len(server.requests) == 1)
        await asyncio.sleep(0.05)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await until(lambda: server.disconnects["gpt-weak"] == 1)


async def test_closing_a_stream_early_closes_the_connection(pair: Pair) -> None:
    with StandInServer([StandInModel("gpt-strong"), StandInModel("gpt-weak", token_delay=2.0)]) as server:
        llm = pair(strong=chat_openai(server, "gpt-strong"), weak=chat_openai(server, "gpt-weak"))
        chunks = llm.astream("an easy question")
        await anext(chunks)
        await chunks.aclose()  # type: ignore[attr-defined]
        await until(lambda: server.disconnects["gpt-weak"] == 1)


def test_200_threads_get_their_own_answers(pair: Pair) -> None:
    llm = pair()

    def ask(number: int) -> AIMessage:
        return llm.invoke(f"{'hard' if number % 3 == 0 else 'easy'} question number {number} of many")

    with ThreadPoolExecutor(200) as threads:
        answers = list(threads.map(ask, range(400)))
    _check(answers)
    stats = llm.routing_stats()
    assert (stats.strong.calls, stats.weak.calls) == (134, 266)


async def test_1000_tasks_get_their_own_answers(pair: Pair) -> None:
    llm = pair()
    prompts = [
        f"{'hard' if number % 3 == 0 else 'easy'} question number {number} of many" for number in range(1000)
    ]
    limit = asyncio.Semaphore(1000)

    async def ask(prompt: str) -> AIMessage:
        async with limit:
            return await llm.ainvoke(prompt)

    _check(await asyncio.gather(*[ask(prompt) for prompt in prompts]))
    assert llm.routing_stats().requests == 1000


def _check(answers: Sequence[AIMessage]) -> None:
    for number, answer in enumerate(answers):
        model = "gpt-strong" if number % 3 == 0 else "gpt-weak"
        assert answer.text.startswith(f"[{model}]")
        assert f"number {number} of" in answer.text
        assert answer.response_metadata["routellm"]["route"] == ("strong" if number % 3 == 0 else "weak")


def test_a_slow_scorer_is_asked_once_by_many_threads(pair: Pair) -> None:
    class Slow(Router):
        calls = 0

        def score(self, prompts: Sequence[str]) -> Scores:
            type(self).calls += len(prompts)
            time.sleep(0.05)
            return np.zeros(len(prompts))

    llm = pair(router=Slow())
    with ThreadPoolExecutor(20) as threads:
        list(threads.map(lambda _: llm.route("the same question"), range(20)))
    assert Slow.calls == 1
