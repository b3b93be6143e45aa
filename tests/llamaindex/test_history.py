"""History: a conversation with tool calls goes on at the other provider, in both directions."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest

pytest.importorskip("llama_index.core", reason="llama-index-core is not installed")
pytest.importorskip("llama_index.llms.openai", reason="llama-index-llms-openai is not installed")

from llama_index.core.base.llms.types import (
    CacheControl,
    CachePoint,
    ChatMessage,
    CitableBlock,
    MessageRole,
    TextBlock,
    ThinkingBlock,
    ToolCallBlock,
)
from llama_index.core.llms.mock import MockLLM
from llama_index.core.tools import FunctionTool
from pydantic import Field

from llamaindex_routellm.history import history_for
from llamaindex_routellm.side import Side

from examples.stand_in import Answer, StandInModel, StandInServer, ToolCall
from tests.llamaindex.provider_classes import StrictOllamaClient, anthropic_class, ollama


def multiply(a: float, b: float) -> float:
    """Multiply two numbers."""
    return a * b


TOOLS = [FunctionTool.from_defaults(multiply)]
EASY = "What is 6 times 7?"
HARD = "What is the hard product of 6 and 7?"


def taken(history: list[ChatMessage], model: Any) -> Any:
    """The history as a model takes it that shares it with one of another class."""
    return history_for(history, Side("strong", model), Side("weak", MockLLM()))


def tool_turn(llm: Any, history: list[ChatMessage], question: str, *, streaming: bool) -> list[ChatMessage]:
    """Ask, call the tool, and answer its result, as an agent does; return the longer history."""
    history = [*history, ChatMessage(question)]
    if streaming:
        *_, response = llm.stream_chat_with_tools(TOOLS, chat_history=history)
    else:
        response = llm.chat_with_tools(TOOLS, chat_history=history)
    (call,) = llm.get_tool_calls_from_response(response)
    result = ChatMessage(
        role=MessageRole.TOOL, content="42", additional_kwargs={"tool_call_id": call.tool_id}
    )
    history = [*history, response.message, result]
    if streaming:
        *_, response = llm.stream_chat_with_tools(TOOLS, chat_history=history)
    else:
        response = llm.chat_with_tools(TOOLS, chat_history=history)
    return [*history, response.message]


@pytest.mark.parametrize("streaming", [False, True])
@pytest.mark.parametrize("questions", [(HARD, EASY, HARD), (EASY, HARD, EASY)])
def test_openai_and_ollama(pair: Callable[..., Any], questions: tuple[str, ...], streaming: bool) -> None:
    client = StrictOllamaClient()
    llm = pair(weak=ollama(client))
    history: list[ChatMessage] = []
    for question in questions:
        before = copy.deepcopy(history)
        longer = tool_turn(llm, history, question, streaming=streaming)
        assert history == before
        history = longer
    assert len(client.requests) >= 2
    assert llm.routing_stats().strong.calls >= 2


@pytest.mark.parametrize("streaming", [False, True])
@pytest.mark.parametrize("questions", [(HARD, EASY, HARD), (EASY, HARD, EASY)])
def test_openai_and_anthropic(
    openai: Callable[..., Any],
    pair: Callable[..., Any],
    monkeypatch: pytest.MonkeyPatch,
    questions: tuple[str, ...],
    streaming: bool,
) -> None:
    with StandInServer(["gpt-4o", "claude-sonnet-5"]) as server:
        weak = anthropic_class(monkeypatch)(
            model="claude-sonnet-5", api_key="test-key", base_url=server.anthropic_url, max_retries=0
        )
        with weak._client:
            llm = pair(strong=openai("gpt-4o", api_base=server.openai_url), weak=weak)
            history: list[ChatMessage] = []
            for question in questions:
                history = tool_turn(llm, history, question, streaming=streaming)
            assert server.refused == []
            assert set(server.calls()) == {"gpt-4o", "claude-sonnet-5"}


def test_anthropic_and_ollama_with_thinking(
    pair: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    thought = Answer(thinking="Let me think.", tool_calls=(ToolCall("multiply", {"a": 6, "b": 7}),))
    model = StandInModel("claude-sonnet-5", answer=[thought, "Done.", "Done again."])
    with StandInServer([model]) as server:
        strong = anthropic_class(monkeypatch)(
            model="claude-sonnet-5", api_key="test-key", base_url=server.anthropic_url, max_retries=0
        )
        with strong._client:
            client = StrictOllamaClient()
            llm = pair(strong=strong, weak=ollama(client))
            history = tool_turn(llm, [], HARD, streaming=False)
            assert any(isinstance(block, ThinkingBlock) for block in history[1].blocks)
            history = [*tool_turn(llm, history, EASY, streaming=False), ChatMessage(HARD)]
            llm.chat_with_tools(TOOLS, chat_history=history)
            assert server.refused == []
            # Anthropic gets its signed thinking back, Ollama never sees it.
            assert "thinking" in str(server.bodies("claude-sonnet-5")[-1]["messages"])
            assert all(message["thinking"] is None for request in client.requests for message in request)


class Keeping(MockLLM):
    """Keeps what it is given."""

    kept: list[Any] = Field(default_factory=list)

    def chat(self, messages: Any, **kwargs: Any) -> Any:
        self.kept.append(messages)
        return super().chat(messages, **kwargs)


class AlsoKeeping(Keeping):
    """Another class."""


@pytest.mark.parametrize(("kind", "untouched"), [(Keeping, True), (AlsoKeeping, False)])
def test_models_of_one_class_get_the_history_untouched(
    pair: Callable[..., Any], kind: type[Keeping], untouched: bool
) -> None:
    weak = kind()
    history = [ChatMessage("An easy one."), ChatMessage(role=MessageRole.ASSISTANT, content="Yes.")]
    pair(strong=Keeping(), weak=weak).chat(history)
    assert (weak.kept[0] is history) is untouched
    assert [message.content for message in weak.kept[0]] == ["An easy one.", "Yes."]


def _result(kwargs: dict[str, Any]) -> ChatMessage:
    return ChatMessage(role=MessageRole.TOOL, content="1", additional_kwargs=kwargs)


@pytest.mark.parametrize(
    ("given", "results"),
    [
        ([None, None], ["multiply", "multiply"]),
        (["a b", "c/d"], ["a b", "c/d"]),
        (["x" * 70, "same"], ["x" * 70, "same"]),
        ([None, "call_9"], [None, "call_9"]),
    ],
)
def test_calls_and_results_keep_belonging_together(
    openai: Callable[..., Any], given: list[Any], results: list[Any]
) -> None:
    calls = [ToolCallBlock(tool_call_id=one, tool_name="multiply", tool_kwargs='{"a": 1}') for one in given]
    history = [
        ChatMessage("Two products, please."),
        ChatMessage(role=MessageRole.ASSISTANT, blocks=calls),
        *(
            ChatMessage(
                role=MessageRole.TOOL,
                content="1",
                additional_kwargs={} if one is None else {"tool_call_id": one},
            )
            for one in results
        ),
    ]
    before = copy.deepcopy(history)
    _, asked, *answered = taken(history, openai("gpt-4o"))
    made = [block for block in asked.blocks if isinstance(block, ToolCallBlock)]
    ids = [block.tool_call_id for block in made]
    assert [message.additional_kwargs["tool_call_id"] for message in answered] == ids
    assert len(set(ids)) == len(ids)
    assert all(one and len(one) <= 64 and one.replace("_", "").replace("-", "").isalnum() for one in ids)
    assert all(block.tool_kwargs == {"a": 1} for block in made)
    assert history == before


def test_what_only_anthropic_takes_is_left_out_for_others(
    openai: Callable[..., Any], stand_in: StandInServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    history = [
        ChatMessage(
            blocks=[
                TextBlock(text="What is in it?"),
                CachePoint(cache_control=CacheControl(type="ephemeral")),
                CitableBlock(title="A text", source="somewhere", content=[TextBlock(text="It is red.")]),
            ]
        ),
        ChatMessage(
            role=MessageRole.ASSISTANT,
            blocks=[ThinkingBlock(content="Hm.", additional_information={"signature": "s"})],
        ),
        ChatMessage("And now?"),
    ]
    strong = openai("gpt-4o")
    converted = taken(history, strong)
    assert [type(block) for block in converted[0].blocks] == [TextBlock, TextBlock]
    assert len(converted) == 2  # a message of nothing but foreign thinking has nothing left to say
    strong.chat(converted)
    assert stand_in.refused == []
    kept = taken(history, anthropic_class(monkeypatch)(model="claude-sonnet-5", api_key="test-key"))
    assert [message.blocks for message in kept] == [message.blocks for message in history]


def test_calls_kept_by_older_versions_are_found(openai: Callable[..., Any]) -> None:
    openai_style = {
        "id": "call_1",
        "type": "function",
        "function": {"name": "multiply", "arguments": '{"a": 1}'},
    }
    anthropic_style = {"id": "toolu_1", "name": "multiply", "input": {"a": 1}}
    for call in (openai_style, anthropic_style):
        message = ChatMessage(role=MessageRole.ASSISTANT, additional_kwargs={"tool_calls": [call]})
        converted, *_ = taken([message], openai("gpt-4o"))
        (block,) = (block for block in converted.blocks if isinstance(block, ToolCallBlock))
        assert (block.tool_call_id, block.tool_name, block.tool_kwargs) == (call["id"], "multiply", {"a": 1})
        assert converted.additional_kwargs == {}
