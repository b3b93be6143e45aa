"""Streams of objects under escalate_on="parse_error": strong is asked, and what does not fit is not shown."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

pytest.importorskip("llama_index.core", reason="llama-index-core is not installed")
pytest.importorskip("llama_index.llms.openai", reason="llama-index-llms-openai is not installed")

from llama_index.core.prompts import PromptTemplate

from examples.stand_in import StandInModel, StandInServer
from tests.llamaindex.endpoints import City

PROMPT = PromptTemplate("Describe {city}.")
STREAMS = ["stream_structured_predict", "astream_structured_predict"]


@pytest.fixture(params=['{"name": 3}', "no object at all"], ids=["wrong", "none"])
def server(request: pytest.FixtureRequest) -> Iterator[StandInServer]:
    models = (StandInModel("gpt-4o"), StandInModel("gpt-4o-mini", answer=request.param))
    with StandInServer(models) as server:
        yield server


async def objects(llm: Any, method: str) -> list[Any]:
    stream = getattr(llm, method)(City, PROMPT, city="Rome")
    if method.startswith("a"):
        return [each async for each in await stream]
    return list(stream)


@pytest.mark.parametrize("method", STREAMS)
async def test_strong_is_asked(
    openai: Callable[..., Any], pair: Callable[..., Any], server: StandInServer, method: str
) -> None:
    strong = openai("gpt-4o", api_base=server.openai_url)
    weak = openai("gpt-4o-mini", api_base=server.openai_url)

    llm = pair(strong=strong, weak=weak, escalate_on="parse_error")
    shown = await objects(llm, method)

    assert isinstance(shown[-1], City)
    assert shown[-1] == (await objects(strong, method))[-1]
    assert server.calls() == {"gpt-4o-mini": 1, "gpt-4o": 2}
    stats = llm.routing_stats()
    assert (stats.requests, stats.escalations, stats.strong.calls, stats.weak.calls) == (1, 1, 1, 1)
    assert stats.weak.without_tokens == 0


@pytest.mark.parametrize("method", STREAMS)
async def test_without_it_the_stream_is_the_hosts_own(
    openai: Callable[..., Any], pair: Callable[..., Any], server: StandInServer, method: str
) -> None:
    weak = openai("gpt-4o-mini", api_base=server.openai_url)

    assert kinds(await objects(pair(weak=weak), method)) == kinds(await objects(weak, method))


def kinds(shown: list[Any]) -> set[str]:
    return {type(each).__name__ for each in shown}
