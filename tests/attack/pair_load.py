"""Many calls of one pair at once, some of them with faults: each gets its own answer, and each is counted."""

from __future__ import annotations

import asyncio
import json
import multiprocessing
import random
import threading
from collections import Counter
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from tests.attack.strength import TIMES
from tests.faulty_provider import BEFORE_THE_FIRST_TOKEN, answer_of

THREADS, TASKS, CHILDREN = 200, 1_000, 4
PRICES = {"strong": {"input": 2.0, "output": 8.0}, "weak": {"input": 0.1, "output": 0.4}}

Ask = Callable[[Any, str], str]
AwaitedAsk = Callable[[Any, str], Awaitable[str]]

_FAULTS = ("none", *(fault for fault in BEFORE_THE_FIRST_TOKEN if fault != "empty choices"))


def questions(count: int, seed: int) -> list[tuple[str, str]]:
    """Return questions with the answers that they must get; weak fails where a fault is named."""
    chance, found = random.Random(seed), []
    for number in range(count):
        hard, fault = chance.random() < 0.3, chance.choice(_FAULTS)
        text = f"[{fault}] What is the {'hard' if hard else 'easy'} answer to question #{number}"
        model = "gpt-4o" if hard or fault != "none" else "gpt-4o-mini"
        found.append((text, f"{answer_of(model)} #{number}"))
    return found


def rows_of(llm: Any) -> list[dict[str, Any]]:
    """Return what is in a pair's log, once everything is written."""
    assert llm.decision_log.flush(60)
    assert llm.decision_log.lost == 0
    rows = [json.loads(line) for line in Path(llm.decision_log.where).read_text("utf-8").splitlines()]
    assert max(Counter(row["id"] for row in rows).values()) == 1
    return rows


def check_threads(llm: Any, ways: list[Ask]) -> None:
    """Ask from many threads at once."""
    asked = questions(THREADS * 4 * TIMES, seed=1)
    together = threading.Barrier(THREADS)

    def ask(start: int) -> list[tuple[str, str, str]]:
        together.wait(60)
        way = ways[start % len(ways)]
        return [(text, way(llm, text), wanted) for text, wanted in asked[start::THREADS]]

    with ThreadPoolExecutor(THREADS) as pool:
        found = [answer for answers in pool.map(ask, range(THREADS)) for answer in answers]
    assert [(text, got) for text, got, wanted in found if got != wanted] == []
    stats = llm.routing_stats()
    assert stats.requests == len(asked) == len(rows_of(llm))


async def check_tasks(llm: Any, ways: list[AwaitedAsk]) -> None:
    """Ask in many tasks at once, of which a third is cancelled at any point."""
    chance = random.Random(2)
    asked = questions(TASKS * TIMES, seed=2)
    tasks = [
        asyncio.ensure_future(ways[number % len(ways)](llm, text)) for number, (text, _) in enumerate(asked)
    ]
    for task in tasks[::3]:
        asyncio.get_running_loop().call_later(chance.random() * 0.5, task.cancel)
    found = await asyncio.wait_for(asyncio.gather(*tasks, return_exceptions=True), timeout=120)

    cancelled = sum(isinstance(answer, asyncio.CancelledError) for answer in found)
    wrong = [
        (text, answer)
        for (text, wanted), answer in zip(asked, found, strict=True)
        if answer != wanted and not isinstance(answer, asyncio.CancelledError)
    ]
    assert wrong == []
    assert 0 < cancelled <= len(tasks[::3])
    stats = llm.routing_stats()
    rows = rows_of(llm)
    # A call that was cancelled before it was decided is none.
    assert len(asked) - cancelled <= stats.requests == len(rows) <= len(asked)
    text, wanted = questions(1, seed=3)[0]
    assert await ways[0](llm, text) == wanted


def check_forks(llm: Any, way: Ask) -> None:
    """Ask in forked processes that share the parent's pair and its log."""
    asked = questions(10 * TIMES, seed=4)
    for text, wanted in asked:
        assert way(llm, text) == wanted
    forking = multiprocessing.get_context("fork")
    answers: Any = forking.SimpleQueue()

    def child() -> None:
        answers.put([way(llm, text) for text, _ in asked])
        llm.decision_log.flush(60)

    children = [forking.Process(target=child) for _ in range(CHILDREN)]
    for process in children:
        process.start()
    found = [answers.get() for _ in children]
    for process in children:
        process.join(60)
        assert process.exitcode == 0
    assert found == [[wanted for _, wanted in asked]] * CHILDREN
    assert len(rows_of(llm)) == len(asked) * (CHILDREN + 1)
