"""A tool loop that is stuck goes on with strong, by its messages alone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

pytest.importorskip("llama_index.core", reason="llama-index-core is not installed")
pytest.importorskip("llama_index.llms.openai", reason="llama-index-llms-openai is not installed")

from llama_index.core.base.llms.types import ChatMessage, ChatResponse, MessageRole, ToolCallBlock
from llama_index.core.llms.mock import MockFunctionCallingLLM
from llama_index.core.tools import FunctionTool

from llamaindex_routellm import RouteLLM
from llamaindex_routellm.tool_steps import tool_schemas, tool_steps

LIMITS = {"repeated_tool_call": 3, "tool_errors": 2, "invalid_tool_call": 1}
FINE = ("search", {"query": "a"}, "result")


def search(query: str) -> str:
    """Search."""
    return query


def loop(*calls: tuple[str, Any, str]) -> list[ChatMessage]:
    messages = [ChatMessage("an easy question of the usual kind")]
    for number, (name, arguments, result) in enumerate(calls):
        id = f"call_{number}"
        block = ToolCallBlock(tool_call_id=id, tool_name=name, tool_kwargs=arguments)
        messages.append(ChatMessage(role=MessageRole.ASSISTANT, blocks=[block]))
        messages.append(
            ChatMessage(role=MessageRole.TOOL, content=result, additional_kwargs={"tool_call_id": id})
        )
    return messages


def reason(pair: Callable[..., Any], *calls: tuple[str, Any, str]) -> tuple[str, str]:
    llm = pair(escalate_when=LIMITS)
    answer = llm.chat_with_tools([FunctionTool.from_defaults(search)], chat_history=loop(*calls))
    record = answer.additional_kwargs["routellm"]
    return record["route"], record["reason"]


def test_a_loop_that_goes_on_stays_where_it_is(pair: Callable[..., Any]) -> None:
    assert reason(pair, FINE, FINE, ("search", {"query": "b"}, "Encountered error: no")) == ("weak", "score")


@pytest.mark.parametrize(
    "calls",
    [
        [FINE, FINE, FINE],
        [
            ("search", {"query": "a"}, "Encountered error: no"),
            ("search", {"query": "b"}, "Encountered error: no"),
        ],
        [("find", {"query": "a"}, "result")],
        [("search", '{"query": 7}', "result"), FINE],
    ],
)
def test_a_stuck_loop_goes_to_strong(pair: Callable[..., Any], calls: list[Any]) -> None:
    assert reason(pair, *calls) == ("strong", "stuck")


def test_the_next_question_begins_anew() -> None:
    assert tool_steps([*loop(FINE, FINE, FINE), ChatMessage("another question")]) == []
    assert tool_steps([]) == []


def test_tools_that_do_not_describe_themselves_tell_nothing() -> None:
    assert tool_schemas([object()]) == {}


def test_plain_values_keep_the_limits(pair: Callable[..., Any]) -> None:
    llm = pair(escalate_when={"tool_errors": 2}, router="random")
    again = RouteLLM.from_dict(llm.to_dict(), strong=llm.strong, weak=llm.weak)
    assert again.escalate_when == llm.escalate_when


class ToolModel(MockFunctionCallingLLM):
    """Calls `search` with the arguments it was made with."""

    arguments: dict[str, Any]

    def chat(self, messages: Any, **kwargs: Any) -> ChatResponse:
        block = ToolCallBlock(tool_call_id="c", tool_name="search", tool_kwargs=self.arguments)
        return ChatResponse(message=ChatMessage(role=MessageRole.ASSISTANT, blocks=[block]))

    def stream_chat(self, messages: Any, **kwargs: Any) -> Any:
        return iter([self.chat(messages)])


@pytest.mark.parametrize("method", ["chat_with_tools", "stream_chat_with_tools"])
@pytest.mark.parametrize(("arguments", "route"), [({"text": "a"}, "strong"), ({"query": "a"}, "weak")])
def test_a_wrong_call_of_weaks_goes_to_strong_before_any_tool_runs(
    arguments: dict[str, str], route: str, router: Any, method: str
) -> None:
    llm = RouteLLM(
        strong=ToolModel(arguments={"query": "b"}),
        weak=ToolModel(arguments=arguments),
        router=router,
        threshold=0.5,
        escalate_on="invalid_tool_call",
    )
    told = getattr(llm, method)([FunctionTool.from_defaults(search)], "an easy question")
    for answer in list(told) if "stream" in method else [told]:
        assert answer.additional_kwargs["routellm"]["route"] == route
