"""Tools: the chosen model prepares, chats, validates and is read, and tools go only where they are taken."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

pytest.importorskip("llama_index.core", reason="llama-index-core is not installed")
pytest.importorskip("llama_index.llms.openai", reason="llama-index-llms-openai is not installed")

from llama_index.core.base.llms.types import ChatMessage
from llama_index.core.llms.mock import MockLLM

from examples.stand_in import StandInServer
from tests.llamaindex.endpoints import TOOLS, WITH_TOOLS, last_response


@pytest.mark.parametrize("method", WITH_TOOLS)
@pytest.mark.parametrize(
    ("question", "route"), [("What is 6 times 7?", "weak"), ("A hard 6 times 7?", "strong")]
)
async def test_chat_with_tools(pair: Callable[..., Any], method: str, question: str, route: str) -> None:
    llm = pair()
    response = await last_response(llm, method, TOOLS, question)
    assert response.additional_kwargs["routellm"]["route"] == route
    (call,) = llm.get_tool_calls_from_response(response)
    assert (call.tool_name, call.tool_kwargs) == ("multiply", {"a": 6, "b": 7})


@pytest.mark.parametrize("method", ["predict_and_call", "apredict_and_call"])
async def test_predict_and_call(pair: Callable[..., Any], stand_in: StandInServer, method: str) -> None:
    llm = pair()
    assert str(await last_response(llm, method, TOOLS, "What is 6 times 7?")) in ("42", "42.0")
    assert stand_in.calls() == {"gpt-4o-mini": 1}
    assert llm.routing_stats().weak.tokens.output > 0


@pytest.mark.parametrize("method", [*WITH_TOOLS, "predict_and_call", "apredict_and_call"])
async def test_tools_go_to_the_model_that_takes_them(
    openai_like: Callable[..., Any], pair: Callable[..., Any], stand_in: StandInServer, method: str
) -> None:
    lacking = [
        openai_like("gpt-weak"),
        openai_like("instruct-weak", is_chat_model=False),
        MockLLM(),
    ]
    for model in lacking:
        stand_in.reset()
        await last_response(pair(weak=model), method, TOOLS, "What is 6 times 7?")
        assert stand_in.calls() == {"gpt-4o": 1}
        # The other way round: the side that has what is needed may be the weak one.
        await last_response(pair(strong=model), method, TOOLS, "A hard 6 times 7?")
        assert stand_in.calls() == {"gpt-4o": 1, "gpt-4o-mini": 1}


def test_tools_given_to_chat_itself_are_seen(
    openai_like: Callable[..., Any], pair: Callable[..., Any], stand_in: StandInServer
) -> None:
    llm = pair(weak=openai_like("gpt-weak"))
    schema = [TOOLS[0].metadata.to_openai_tool()]
    response = llm.chat([ChatMessage("What is 6 times 7?")], tools=schema)
    assert response.additional_kwargs["routellm"]["reason"] == "tools"
    response = llm.chat([ChatMessage("What is 6 times 7, as json?")], response_format={"type": "json_object"})
    assert response.additional_kwargs["routellm"]["reason"] == "structured_output"


def test_weak_lacks_sends_tools_to_strong(pair: Callable[..., Any]) -> None:
    llm = pair(weak_lacks={"tools"})
    response = llm.chat_with_tools(TOOLS, "What is 6 times 7?")
    assert response.additional_kwargs["routellm"]["reason"] == "tools"


def test_a_forced_route_without_the_method_says_what_to_do(pair: Callable[..., Any]) -> None:
    from routellm_core import routing

    llm = pair(weak=MockLLM())
    with routing(route="weak"), pytest.raises(ValueError, match=r"weak is a MockLLM, which has no chat_with"):
        llm.chat_with_tools(TOOLS, "What is 6 times 7?")


def test_prepared_messages_go_to_the_model_that_prepared_them(
    pair: Callable[..., Any], stand_in: StandInServer
) -> None:
    llm = pair()
    prepared = llm._prepare_chat_with_tools(TOOLS, "A hard 6 times 7?")
    llm.threshold = 1.0
    assert llm.chat(**prepared).additional_kwargs["routellm"]["route"] == "strong"
    assert stand_in.calls() == {"gpt-4o": 1}
    assert llm.routing_stats().requests == 1


def test_the_callers_history_is_not_appended_to(pair: Callable[..., Any]) -> None:
    history = [ChatMessage("Good morning to you.")]
    pair().chat_with_tools(TOOLS, "What is 6 times 7?", chat_history=history)
    assert len(history) == 1


def test_tool_calls_are_read_by_the_model_that_made_them(pair: Callable[..., Any]) -> None:
    from llama_index.llms.openai import OpenAI

    class Other(OpenAI):
        def get_tool_calls_from_response(self, response: Any, *args: Any, **kwargs: Any) -> list[Any]:
            return ["read by weak"]

    llm = pair(weak=Other(model="gpt-4o-mini", api_key="sk-test-key"))
    response = llm.chat_with_tools(TOOLS, "A hard 6 times 7?")
    assert llm.get_tool_calls_from_response(response)[0].tool_name == "multiply"
    response.additional_kwargs["routellm"] = {"route": "weak"}
    assert llm.get_tool_calls_from_response(response) == ["read by weak"]


def test_neither_side_reads_tool_calls(pair: Callable[..., Any]) -> None:
    llm = pair(strong=MockLLM(), weak=MockLLM())
    response = llm.chat([ChatMessage("What is 6 times 7?")])
    with pytest.raises(ValueError, match="neither calls tools"):
        llm.get_tool_calls_from_response(response)


@pytest.mark.parametrize(
    ("function_calling", "weak_calls", "promised"),
    [("any", True, True), ("any", False, True), ("both", True, True), ("both", False, False)],
)
def test_metadata_promises_tools_truthfully(
    openai_like: Callable[..., Any],
    pair: Callable[..., Any],
    function_calling: str,
    weak_calls: bool,
    promised: bool,
) -> None:
    weak = openai_like("gpt-weak", is_function_calling_model=weak_calls)
    llm = pair(weak=weak, function_calling=function_calling)
    assert llm.metadata.is_function_calling_model is promised
