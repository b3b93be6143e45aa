"""A text in a share that follows the traffic: below 5 µs, beside the hash that a decision log makes of it."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Sequence

import numpy as np
import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from routellm_core.routing.decision_log import text_hash
from routellm_core.routing.share_tracker import ShareTracker

from tests.benchmarks.overhead import distinct_prompts

TEXTS = 1_000
ROUNDS = 25


def microseconds(
    step: Callable[[str, float], object], texts: Sequence[str], scores: Sequence[float]
) -> float:
    """Return the time a text takes."""
    start = time.perf_counter()
    for text, score in zip(texts, scores, strict=True):
        step(text, score)
    return 1e6 * (time.perf_counter() - start) / len(texts)


def test_a_new_text(benchmark: BenchmarkFixture) -> None:
    if benchmark.disabled:
        pytest.skip("benchmarks run with `make bench`")
    tracker = ShareTracker(0.3, np.linspace(0.0, 1.0, 1_001).tolist())
    texts, rng = distinct_prompts(), np.random.default_rng(0)

    def measured() -> tuple[float, float]:
        placed, hashed = [], []
        for _ in range(2 + ROUNDS):
            some, scores = [next(texts) for _ in range(TEXTS)], rng.random(TEXTS).tolist()
            placed.append(microseconds(tracker.place, some, scores))
            hashed.append(microseconds(lambda text, _: text_hash(text), some, scores))
        # the first rounds fill the window
        return statistics.median(placed[2:]), statistics.median(hashed[2:])

    place, digest = benchmark.pedantic(measured, rounds=1)
    benchmark.extra_info.update(place=place, digest=digest)
    print(f"\nplace {place:.2f} µs, the text's hash {digest:.2f} µs, a ratio of {place / digest:.1f}")
    assert place < 5
    assert place < 12 * digest
