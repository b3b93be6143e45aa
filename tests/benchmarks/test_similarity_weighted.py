"""The similarity-weighted router over one regression per query: 5 times as fast at least, 20 in a batch.

With the real battles where they are, else with as many invented ones. The regression is the definition, by
L-BFGS over every battle from the weighted prompts on; the query's embedding counts for both.
"""

from __future__ import annotations

import os
import statistics
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from routellm_core import load_router
from routellm_core.preferences.reading.battles import Battle, read_battles
from routellm_core.routers.similarity_weighted import SimilarityWeightedRouter
from routellm_core.training.lbfgs import minimise
from routellm_core.training.similarity_weighted import train_similarity_weighted

from tests.benchmarks.overhead import distinct_prompts

BATTLES, PROMPTS, MODELS = 43_859, 10_268, 23


def judged() -> list[Battle]:
    folder = os.environ.get("ROUTELLM_DATA")
    if folder:
        return list(read_battles(Path(folder) / "train/judge_battles.jsonl.gz"))
    rng = np.random.default_rng(0)
    texts = [text for text, _ in zip(distinct_prompts(), range(PROMPTS), strict=False)]
    return [
        Battle(texts[n % PROMPTS], f"m{a:02}", f"m{b:02}", "model_a" if rng.random() < 0.6 else "model_b")
        for n in range(BATTLES)
        for a, b in [sorted(rng.choice(MODELS, 2, replace=False))]
    ]


def naive(router: SimilarityWeightedRouter) -> Callable[[str], float]:
    """Return the definition: similarity, a weight for every battle, a regression over all of them."""
    columns, tiers = router.battles.columns, np.array(router.battles.tiers)
    design = np.zeros((len(columns), router.battles.tier_count), dtype=np.float64)
    rows = np.arange(len(columns))
    np.add.at(design, (rows, tiers[columns.first]), 1.0)
    np.add.at(design, (rows, tiers[columns.second]), -1.0)
    stored = router.battles.embeddings[columns.row]  # a row for each battle, as the published data has it
    nearest = router.battles.nearest
    assert nearest is not None
    nearest = nearest[columns.row]
    strong, weak = router.battles.pair(router.strong, router.weak)

    def score(prompt: str) -> float:
        query = router.embedder.embed([prompt])[0].astype(np.float32)
        weight = 10.0 ** (1.0 + stored @ (query / np.linalg.norm(query)) / nearest)

        def objective(x: np.ndarray) -> tuple[float, np.ndarray]:  # type: ignore[type-arg]
            z = design @ x
            residual = weight * (0.5 * (1.0 + np.tanh(0.5 * z)) - columns.target)
            loss = weight @ (np.logaddexp(0.0, z) - columns.target * z) + 0.5 * x @ x
            return float(loss), design.T @ residual + x

        found = minimise(objective, np.zeros(design.shape[1]))
        return float(1.0 / (1.0 + np.exp(found[weak] - found[strong])))

    return score


def seconds(score: Callable[[Sequence[str]], object], prompts: Sequence[str]) -> float:
    """Return the time a prompt takes."""
    start = time.perf_counter()
    score(prompts)
    return (time.perf_counter() - start) / len(prompts)


def test_a_query(benchmark: BenchmarkFixture) -> None:
    if benchmark.disabled:
        pytest.skip("benchmarks run with `make bench`")
    static = load_router("default").embedder.static  # type: ignore[attr-defined]
    router = train_similarity_weighted(static, judged(), strong="tier:0", weak="tier:3")
    by_definition = naive(router)
    texts = distinct_prompts()
    few = [next(texts) for _ in range(3)]
    assert router.score(few) == pytest.approx([by_definition(prompt) for prompt in few], abs=1e-4)

    def one_by_one(prompts: Sequence[str]) -> list[float]:
        return [router.score_one(prompt) for prompt in prompts]

    def measured() -> tuple[float, float, float]:
        # in turns, so that what else the machine does falls on all three
        times = [
            (
                seconds(lambda prompts: by_definition(prompts[0]), [next(texts)]),
                seconds(one_by_one, [next(texts) for _ in range(10)]),
                seconds(router.score, [next(texts) for _ in range(64)]),
            )
            for _ in range(15)
        ]
        slow, single, batch = map(statistics.median, zip(*times, strict=True))
        return slow, single, batch

    slow, single, batch = benchmark.pedantic(measured, rounds=1)
    benchmark.extra_info.update(regression=slow, single=single, batch=batch)
    print(
        f"\na regression per query {1 / slow:.1f}/s, SimilarityWeightedRouter {1 / single:.0f}/s one by one "
        f"({slow / single:.0f} times), {1 / batch:.0f}/s in a batch ({slow / batch:.0f} times)"
    )
    assert slow / single >= 5
    assert slow / batch >= 20
