"""OpenAI's classes are asked for the tokens of their streams; a server that refuses is asked no more."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

pytest.importorskip("llama_index.core", reason="llama-index-core is not installed")
pytest.importorskip("llama_index.llms.openai", reason="llama-index-llms-openai is not installed")

import openai as sdk
from llama_index.core.agent.workflow import FunctionAgent
from llama_index.core.base.llms.types import ChatMessage
from llama_index.core.prompts import PromptTemplate

from examples.stand_in import StandInModel, StandInServer
from tests.llamaindex.endpoints import ENDPOINTS, PROMPT, TOOLS, WITH_TOOLS, City

Make = Callable[..., Any]

EASY = "Tell me an easy one, please."
STREAMS = [
    *(method for method in (*ENDPOINTS, *WITH_TOOLS) if "stream" in method),
    *("stream", "astream", "stream_structured_predict", "astream_structured_predict"),
]
ASKED = {"include_usage": True}


@pytest.fixture
def old_server() -> Iterator[StandInServer]:
    """A server that knows no stream_options."""
    models = [StandInModel("gpt-4o", stream_options=False), StandInModel("gpt-4o-mini", stream_options=False)]
    with StandInServer(models) as server:
        yield server


async def stream_of(llm: Any, method: str) -> list[Any]:
    kwargs: dict[str, Any] = {}
    args: tuple[Any, ...] = ([ChatMessage(EASY)],) if "chat" in method else (EASY,)
    if method in WITH_TOOLS:
        args = (TOOLS, EASY)
    elif method in ("stream", "astream"):
        args, kwargs = (PromptTemplate("Answer: {query_str}"),), {"query_str": EASY}
    elif "structured" in method:
        args, kwargs = (City, PROMPT), {"city": "Rome"}
    result = getattr(llm, method)(*args, **kwargs)
    return [step async for step in await result] if method.startswith("a") else list(result)


@pytest.mark.parametrize("method", STREAMS)
async def test_every_stream_has_tokens(pair: Make, stand_in: StandInServer, method: str) -> None:
    llm = pair()
    for _ in range(2):
        assert len(await stream_of(llm, method)) > 1
    stats = llm.routing_stats()
    assert (stats.weak.calls, stats.weak.without_tokens) == (2, 0)
    assert stats.weak.tokens.output > 0
    assert [body["stream_options"] for body in stand_in.bodies("gpt-4o-mini")] == [ASKED] * 2
    # The user's own model is as it was.
    assert llm.weak.additional_kwargs == {}
    assert stand_in.refused == []


@pytest.mark.parametrize("method", STREAMS)
async def test_a_server_that_refuses_answers_all_the_same(
    pair: Make, openai: Make, old_server: StandInServer, method: str
) -> None:
    llm = pair(weak=openai("gpt-4o-mini", api_base=old_server.openai_url))
    for _ in range(3):
        assert len(await stream_of(llm, method)) > 1
    assert ["stream_options" in body for body in old_server.bodies("gpt-4o-mini")] == [True, *[False] * 3]
    stats = llm.routing_stats()
    assert (stats.requests, stats.weak.calls, stats.weak.without_tokens) == (3, 3, 3)
    assert stats.escalations == 0


async def test_completions_and_likes_are_asked_too(pair: Make, openai_like: Make) -> None:
    with StandInServer([StandInModel("base", chat=False)]) as server:
        weak = openai_like("base", api_base=server.openai_url, is_chat_model=False)
        llm = pair(weak=weak)
        list(llm.stream_complete(EASY))
        assert llm.routing_stats().weak.tokens.output > 0


@pytest.mark.parametrize("asked", [None, {"include_usage": False}])
def test_what_the_user_says_of_streams_stands(
    pair: Make, openai: Make, stand_in: StandInServer, asked: Any
) -> None:
    llm = pair(weak=openai("gpt-4o-mini", additional_kwargs={"stream_options": asked}))
    list(llm.stream_chat([ChatMessage(EASY)]))
    list(pair().stream_chat([ChatMessage(EASY)], stream_options=asked))
    assert [body.get("stream_options") for body in stand_in.bodies("gpt-4o-mini")] == [asked] * 2


def test_other_errors_are_the_callers_and_teach_nothing(pair: Make, stand_in: StandInServer) -> None:
    llm = pair()
    with pytest.raises(sdk.BadRequestError, match="Unknown parameter"):
        list(llm.stream_chat([ChatMessage(EASY)], extra_body={"colour": "red"}))
    stand_in.fail_next("gpt-4o-mini", 429)
    with pytest.raises(sdk.RateLimitError):
        list(llm.stream_chat([ChatMessage(EASY)]))
    list(llm.stream_chat([ChatMessage(EASY)]))
    assert stand_in.bodies("gpt-4o-mini")[-1]["stream_options"] == ASKED
    assert "stream_options" not in str(
        [body for body in stand_in.bodies("gpt-4o-mini") if not body.get("stream")]
    )


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
async def test_an_agents_streams_have_tokens(pair: Make) -> None:
    llm = pair(prices={"strong": {"input": 2.0, "output": 8.0}, "weak": {"input": 0.1, "output": 0.4}})
    await FunctionAgent(llm=llm, tools=TOOLS).run("What is 6 times 7, which is hard?")
    stats = llm.routing_stats()
    assert stats.strong.calls > 1
    assert stats.strong.without_tokens == 0
    assert stats.saved is not None
