"""RouteLLM over bare OpenAI: at most 0.2 ms a call, at least 0.95 of the throughput 64 at once."""

from __future__ import annotations

import pytest

pytest.importorskip("llama_index.llms.openai", reason="llama-index-llms-openai is not installed")

from llama_index.llms.openai import OpenAI
from llamaindex_routellm import RouteLLM
from pytest_benchmark.fixture import BenchmarkFixture

from tests.benchmarks.overhead import added_milliseconds, throughput_ratio


def models(url: str) -> tuple[OpenAI, RouteLLM]:
    def model(name: str) -> OpenAI:
        return OpenAI(model=name, api_base=url, api_key="test-key", max_retries=0)

    return model("gpt-4o"), RouteLLM(strong=model("gpt-4o"), weak=model("gpt-4o-mini"), strong_share=0.5)


def test_a_call(benchmark: BenchmarkFixture, provider_url: str) -> None:
    if benchmark.disabled:
        pytest.skip("benchmarks run with `make bench`")
    bare, routed = models(provider_url)
    found = benchmark.pedantic(added_milliseconds, args=(bare.complete, routed.complete), rounds=1)
    benchmark.extra_info.update(vars(found))
    print(f"\nOpenAI {found.bare:.2f} ms, RouteLLM {found.routed:.2f} ms, added {found.added:.3f} ms")
    assert found.added <= 0.2


async def test_64_calls_at_once(benchmark: BenchmarkFixture, provider_url: str) -> None:
    if benchmark.disabled:
        pytest.skip("benchmarks run with `make bench`")
    bare, routed = models(provider_url)
    ratio = await throughput_ratio(bare.acomplete, routed.acomplete)
    print(f"\nRouteLLM has {ratio:.3f} of OpenAI's throughput, 64 calls at once")
    assert ratio >= 0.95
