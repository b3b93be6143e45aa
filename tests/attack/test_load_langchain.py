"""LangChain: 200 threads, 1,000 tasks with cancellations, and forks, with faults of one provider."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("langchain_openai", reason="langchain-openai is not installed")

from langchain_openai import ChatOpenAI

from langchain_routellm import ChatRouteLLM

from tests.attack.pair_load import PRICES, check_forks, check_tasks, check_threads
from tests.faulty_provider import FaultyProvider
from tests.routers import KeywordRouter


@pytest.fixture
def llm(tmp_path: Path) -> ChatRouteLLM:
    provider = FaultyProvider(None, delay=0.01)
    clients = {"http_client": provider.client, "http_async_client": provider.async_client}
    models = {
        side: ChatOpenAI(model=name, api_key="k", max_retries=0, **clients)  # type: ignore[arg-type]
        for side, name in (("strong", "gpt-4o"), ("weak", "gpt-4o-mini"))
    }
    return ChatRouteLLM(
        **models,
        router=KeywordRouter("hard"),
        threshold=0.5,
        escalate_on=Exception,
        prices=PRICES,
        decision_log=tmp_path / "decisions.jsonl",
    )


def invoke(llm: Any, text: str) -> str:
    return str(llm.invoke(text).text)


def stream(llm: Any, text: str) -> str:
    return "".join(str(chunk.text) for chunk in llm.stream(text))


async def ainvoke(llm: Any, text: str) -> str:
    return str((await llm.ainvoke(text)).text)


async def astream(llm: Any, text: str) -> str:
    return "".join([str(chunk.text) async for chunk in llm.astream(text)])


def test_threads(llm: ChatRouteLLM) -> None:
    check_threads(llm, [invoke, stream])


async def test_tasks_of_which_a_third_is_cancelled(llm: ChatRouteLLM) -> None:
    await check_tasks(llm, [ainvoke, astream])


@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_forks(llm: ChatRouteLLM) -> None:
    check_forks(llm, invoke)
