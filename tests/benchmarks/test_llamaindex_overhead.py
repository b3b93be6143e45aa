"""RouteLLM over bare OpenAI: at most 0.2 ms a call, at least 0.95 of the throughput 64 at once."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

pytest.importorskip("llama_index.llms.openai", reason="llama-index-llms-openai is not installed")

import httpx
from llama_index.llms.openai import OpenAI
from pytest_benchmark.fixture import BenchmarkFixture

from llamaindex_routellm import RouteLLM

from tests.benchmarks.overhead import added_milliseconds, throughput_ratio


def models(url: str, **clients: Any) -> tuple[OpenAI, RouteLLM]:
    """Make a bare model and a routed pair over the same connections.

    With clients of their own, two models share out the work of a crowded connection pool, and the routed
    pair is faster than the bare model.
    """

    def model(name: str) -> OpenAI:
        return OpenAI(model=name, api_base=url, api_key="test-key", max_retries=0, **clients)

    return model("gpt-4o"), RouteLLM(strong=model("gpt-4o"), weak=model("gpt-4o-mini"), strong_share=0.5)


def test_a_call(benchmark: BenchmarkFixture, provider_url: str) -> None:
    if benchmark.disabled:
        pytest.skip("benchmarks run with `make bench`")
    with httpx.Client() as client:
        bare, routed = models(provider_url, http_client=client)
        found = benchmark.pedantic(added_milliseconds, args=(bare.complete, routed.complete), rounds=1)
    benchmark.extra_info.update(vars(found))
    print(f"\nOpenAI {found.bare:.2f} ms, RouteLLM {found.routed:.2f} ms, added {found.added:.3f} ms")
    assert found.added <= 0.2


def test_64_calls_at_once(benchmark: BenchmarkFixture, provider_url: str) -> None:
    if benchmark.disabled:
        pytest.skip("benchmarks run with `make bench`")

    async def measured() -> float:
        async with httpx.AsyncClient(limits=httpx.Limits(max_keepalive_connections=64)) as client:
            bare, routed = models(provider_url, async_http_client=client)
            return await throughput_ratio(bare.acomplete, routed.acomplete)

    ratio = benchmark.pedantic(lambda: asyncio.run(measured()), rounds=1)
    print(f"\nRouteLLM has {ratio:.3f} of OpenAI's throughput, 64 calls at once")
    assert ratio >= 0.95
