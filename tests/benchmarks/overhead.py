"""What a routed model adds to a call of the bare one: both against the same server, in turns, in one run."""

from __future__ import annotations

import asyncio
import itertools
import statistics
import time
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass

WORDS = (
    "river",
    "theorem",
    "garden",
    "of",
    "planet",
    "why",
    "does",
    "a",
    "proof",
    "fail",
    "in",
    "the",
    "small",
    "copper",
    "engine",
    "that",
    "sings",
)


def distinct_prompts() -> Iterator[str]:
    """Yield prompts of about 30 words of which no two are equal, so that no score is remembered."""
    for number in itertools.count():
        yield " ".join(WORDS[(number * step + step) % len(WORDS)] for step in range(1, 31)) + f" {number}?"


@dataclass(frozen=True)
class Added:
    """Medians over pairs of calls, in milliseconds."""

    bare: float
    routed: float
    added: float


def added_milliseconds(
    bare: Callable[[str], object], routed: Callable[[str], object], pairs: int = 400
) -> Added:
    """Time pairs of calls, in turns and in both orders, after a warm-up."""
    prompts = distinct_prompts()
    times: tuple[list[float], list[float]] = ([], [])
    for pair in range(pairs + 40):
        for side in (0, 1) if pair % 2 else (1, 0):
            prompt = next(prompts)
            start = time.perf_counter()
            (bare, routed)[side](prompt)
            if pair >= 40:
                times[side].append(1_000 * (time.perf_counter() - start))
    added = [slow - fast for fast, slow in zip(*times, strict=True)]
    return Added(statistics.median(times[0]), statistics.median(times[1]), statistics.median(added))


async def throughput_ratio(
    bare: Callable[[str], Awaitable[object]],
    routed: Callable[[str], Awaitable[object]],
    rounds: int = 101,
    calls: int = 128,
    at_once: int = 64,
) -> float:
    """Return the routed model's throughput over the bare one's, the median over rounds in turns.

    Many short rounds rather than a few long ones: the machine's own speed changes from second to second, and
    a pair of rounds that lie close together sees less of it.
    """
    prompts = distinct_prompts()

    async def seconds(ask: Callable[[str], Awaitable[object]]) -> float:
        limit = asyncio.Semaphore(at_once)

        async def one(prompt: str) -> None:
            async with limit:
                await ask(prompt)

        start = time.perf_counter()
        await asyncio.gather(*[one(next(prompts)) for _ in range(calls)])
        return time.perf_counter() - start

    await seconds(bare), await seconds(routed)
    ratios = []
    for number in range(rounds):
        if number % 2:
            first = await seconds(bare)
            ratios.append(first / await seconds(routed))
        else:
            second = await seconds(routed)
            ratios.append(await seconds(bare) / second)
    return statistics.median(ratios)
