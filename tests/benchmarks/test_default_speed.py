"""The router that ships: a prompt's score beside cutting the same prompt into tokens, in one run."""

from __future__ import annotations

import pytest
from pytest_benchmark.fixture import BenchmarkFixture
from tokenizers import Tokenizer

from routellm_core.loading import DEFAULT_FOLDER, load_router

from tests.benchmarks.score_cost import median_ratio, prompts


def test_a_score_costs_little_more_than_the_tokens(benchmark: BenchmarkFixture) -> None:
    if benchmark.disabled:
        pytest.skip("benchmarks run with `make bench`")
    router, texts = load_router("default"), prompts()
    tokenizer = Tokenizer.from_file(str(DEFAULT_FOLDER / "tokenizer.json"))

    def measured() -> tuple[float, float]:
        single = median_ratio(
            lambda: [router.score([text]) for text in texts],
            lambda: [tokenizer.encode(text) for text in texts],
        )
        return single, median_ratio(lambda: router.score(texts), lambda: tokenizer.encode_batch(texts))

    single, batch = benchmark.pedantic(measured, rounds=1)
    benchmark.extra_info.update(single=single, batch=batch)
    print(
        f"\na prompt {single:.2f} times Tokenizer.encode, {len(texts)} at once {batch:.2f} times encode_batch"
    )
    assert single < 1.5
    assert batch < 1.3
