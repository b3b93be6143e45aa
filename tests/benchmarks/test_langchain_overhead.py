"""ChatRouteLLM over bare ChatOpenAI: at most 0.2 ms a call, at least 0.95 of the throughput 64 at once."""

from __future__ import annotations

import asyncio

import pytest

pytest.importorskip("langchain_openai", reason="langchain-openai is not installed")

from langchain_openai import ChatOpenAI
from pytest_benchmark.fixture import BenchmarkFixture

from langchain_routellm import ChatRouteLLM

from tests.benchmarks.overhead import added_milliseconds, throughput_ratio


def models(url: str) -> tuple[ChatOpenAI, ChatRouteLLM]:
    def model(name: str) -> ChatOpenAI:
        return ChatOpenAI(model=name, base_url=url, api_key="test-key", max_retries=0)  # type: ignore[arg-type]

    return model("gpt-strong"), ChatRouteLLM(
        strong=model("gpt-strong"), weak=model("gpt-weak"), strong_share=0.5
    )


def test_a_call(benchmark: BenchmarkFixture, provider_url: str) -> None:
    if benchmark.disabled:
        pytest.skip("benchmarks run with `make bench`")
    bare, routed = models(provider_url)
    found = benchmark.pedantic(added_milliseconds, args=(bare.invoke, routed.invoke), rounds=1)
    benchmark.extra_info.update(vars(found))
    print(f"\nChatOpenAI {found.bare:.2f} ms, ChatRouteLLM {found.routed:.2f} ms, added {found.added:.3f} ms")
    assert found.added <= 0.2


def test_64_calls_at_once(benchmark: BenchmarkFixture, provider_url: str) -> None:
    if benchmark.disabled:
        pytest.skip("benchmarks run with `make bench`")

    async def measured() -> float:
        bare, routed = models(provider_url)
        return await throughput_ratio(bare.ainvoke, routed.ainvoke)

    ratio = benchmark.pedantic(lambda: asyncio.run(measured()), rounds=1)
    print(f"\nChatRouteLLM has {ratio:.3f} of ChatOpenAI's throughput, 64 calls at once")
    assert ratio >= 0.95
