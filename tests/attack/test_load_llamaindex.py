"""LlamaIndex: 200 threads, 1,000 tasks with cancellations, and forks, with faults of one provider."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("llama_index.core", reason="llama-index-core is not installed")
pytest.importorskip("llama_index.llms.openai", reason="llama-index-llms-openai is not installed")

from llama_index.llms.openai import OpenAI

from llamaindex_routellm import RouteLLM

from tests.attack.pair_load import PRICES, check_forks, check_tasks, check_threads
from tests.faulty_provider import FaultyProvider
from tests.routers import KeywordRouter


@pytest.fixture
def llm(tmp_path: Path) -> RouteLLM:
    provider = FaultyProvider(None, delay=0.01)
    clients = {"http_client": provider.client, "async_http_client": provider.async_client}
    models = {
        side: OpenAI(model=name, api_key="k", max_retries=0, **clients)
        for side, name in (("strong", "gpt-4o"), ("weak", "gpt-4o-mini"))
    }
    return RouteLLM(
        **models,
        router=KeywordRouter("hard"),
        threshold=0.5,
        escalate_on=Exception,
        prices=PRICES,
        decision_log=tmp_path / "decisions.jsonl",
    )


def invoke(llm: Any, text: str) -> str:
    return str(llm.complete(text).text)


def stream(llm: Any, text: str) -> str:
    return "".join((chunk.delta or "") for chunk in llm.stream_complete(text))


async def ainvoke(llm: Any, text: str) -> str:
    return str((await llm.acomplete(text)).text)


async def astream(llm: Any, text: str) -> str:
    return "".join([(chunk.delta or "") async for chunk in await llm.astream_complete(text)])


def test_threads(llm: RouteLLM) -> None:
    check_threads(llm, [invoke, stream])


async def test_tasks_of_which_a_third_is_cancelled(llm: RouteLLM) -> None:
    await check_tasks(llm, [ainvoke, astream])


@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_forks(llm: RouteLLM) -> None:
    check_forks(llm, invoke)
