"""The order of turns: a conversation that one side takes is taken by the other, and means the same."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from langchain_core.messages import (
    AIMessage,
    BaseMessage,
    ChatMessage,
    HumanMessage,
    SystemMessage,
    ToolMessage,
)

from langchain_routellm.turn_order import CONTINUATION, NO_RESULT, OPENING

from examples.stand_in import Answer, StandInModel, StandInServer, ToolCall
from tests.langchain.conftest import Pair, chat_anthropic, chat_openai
from tests.langchain.other_providers import chat_gemini, chat_mistral, chat_ollama

CALLED = AIMessage("", tool_calls=[{"name": "add", "args": {"a": 1}, "id": "call_1"}])
RESULT = ToolMessage("3", tool_call_id="call_1")

CONVERSATIONS: dict[str, list[BaseMessage]] = {
    "greeting": [AIMessage("Hello, how can I help?"), HumanMessage("{}")],
    "system and greeting": [SystemMessage("Be kind."), AIMessage("Hello!"), HumanMessage("{}")],
    "second system": [
        SystemMessage("Be kind."),
        HumanMessage("Hello."),
        AIMessage("Hi."),
        SystemMessage("Be brief."),
        HumanMessage("{}"),
    ],
    "system at the end": [SystemMessage("Be kind."), HumanMessage("{}"), SystemMessage("Be brief.")],
    "late system": [HumanMessage("Hello."), AIMessage("Hi."), SystemMessage("Be kind."), HumanMessage("{}")],
    "ends with the assistant": [HumanMessage("{}"), AIMessage("Well, ")],
    "empty turns": [HumanMessage("Hello."), AIMessage(""), HumanMessage(""), HumanMessage("{}")],
    "free roles": [
        ChatMessage("Hello.", role="user"),
        ChatMessage("Hi.", role="assistant"),
        HumanMessage("{}"),
    ],
}


def asked(name: str, question: str) -> list[BaseMessage]:
    return [
        message.model_copy(update={"content": question}) if message.content == "{}" else message
        for message in CONVERSATIONS[name]
    ]


@pytest.mark.parametrize("name", CONVERSATIONS)
@pytest.mark.parametrize("prefill", [True, False])
def test_both_sides_of_a_mixed_pair_answer(pair: Pair, name: str, prefill: bool) -> None:
    with StandInServer(["gpt-strong", StandInModel("claude-weak", prefill=prefill)]) as server:
        llm = pair(strong=chat_openai(server, "gpt-strong"), weak=chat_anthropic(server, "claude-weak"))
        for question in ("An easy question.", "A hard question."):
            messages = asked(name, question)
            before = copy.deepcopy(messages)
            llm.invoke(messages)
            assert messages == before
        assert [request.error for request in server.refused] == []
        # OpenAI takes any order and gets the caller's own.
        (body,) = server.bodies("gpt-strong")
        roles = [message["role"] for message in body["messages"]]
        assert len(roles) == len(CONVERSATIONS[name])
        assert set(server.calls()) == {"gpt-strong", "claude-weak"}


@pytest.mark.parametrize("name", CONVERSATIONS)
def test_mistral_and_gemini_answer_too(pair: Pair, name: str) -> None:
    requests: list[Any] = []
    strong, weak = chat_gemini(), chat_mistral(requests)
    for question in ("An easy question.", "A hard question."):
        pair(strong=strong, weak=weak).invoke(asked(name, question))
    assert (len(requests), len(strong.client.requests)) == (1, 1)
    if "system" in name:
        # Gemini's class drops a system message that comes late.
        assert "Be kind." in str(strong.client.requests)


def test_nothing_said_is_lost(pair: Pair, stand_in: StandInServer) -> None:
    llm = pair(strong=chat_openai(stand_in, "gpt-strong"), weak=chat_anthropic(stand_in, "claude-weak"))
    llm.invoke(asked("second system", "An easy question."))
    llm.invoke(asked("greeting", "An easy question."))
    llm.invoke(asked("ends with the assistant", "An easy question."))
    second, greeting, open_end = stand_in.bodies("claude-weak")
    assert second["system"] == "Be kind.\n\nBe brief."
    assert [message["content"] for message in greeting["messages"]] == [
        OPENING,
        "Hello, how can I help?",
        "An easy question.",
    ]
    assert open_end["messages"][-1] == {"role": "user", "content": CONTINUATION}


@pytest.mark.parametrize("name", ["greeting", "second system"])
def test_two_claudes_take_it_too(pair: Pair, stand_in: StandInServer, name: str) -> None:
    claudes = pair(
        strong=chat_anthropic(stand_in, "claude-strong"), weak=chat_anthropic(stand_in, "claude-weak")
    )
    for question in ("An easy question.", "A hard question."):
        claudes.invoke(asked(name, question))
    assert stand_in.refused == []


def test_two_claudes_go_on_writing_an_answer(pair: Pair, stand_in: StandInServer) -> None:
    claudes = pair(
        strong=chat_anthropic(stand_in, "claude-strong"), weak=chat_anthropic(stand_in, "claude-weak")
    )
    claudes.invoke([HumanMessage("An easy question."), AIMessage("Well,")])
    (body,) = stand_in.bodies("claude-weak")
    assert body["messages"][-1] == {"role": "assistant", "content": "Well,"}


@pytest.mark.parametrize(
    "messages",
    [
        [HumanMessage("Add."), CALLED, HumanMessage("A hard one instead.")],
        [HumanMessage("A hard one."), RESULT],
        [HumanMessage("Add."), CALLED, RESULT, RESULT, HumanMessage("A hard one.")],
    ],
)
def test_broken_tool_loops_do_not_fail_on_one_side_alone(
    pair: Pair, stand_in: StandInServer, messages: list[BaseMessage]
) -> None:
    pair(weak=chat_ollama()).invoke(messages)
    assert [request.error for request in stand_in.refused] == []
    (body,) = stand_in.bodies("gpt-strong")
    if messages[-1].content.startswith("A hard one instead"):  # type: ignore[union-attr]
        assert body["messages"][2] == {"role": "tool", "tool_call_id": "call_1", "content": NO_RESULT}


def test_a_loop_that_moves_to_a_claude_with_thinking_goes_on(pair: Pair) -> None:
    call = Answer("Looking.", tool_calls=(ToolCall("add", {"a": 1}),))
    weak_models = [StandInModel(name, answer=call) for name in ("gpt-weak", "claude-weak")]
    with StandInServer([*weak_models, "claude-strong"]) as server:
        thinking = {"thinking": {"type": "enabled", "budget_tokens": 1024}, "max_tokens": 2048}
        strong = chat_anthropic(server, "claude-strong", **thinking)
        for weak in (chat_openai(server, "gpt-weak"), chat_anthropic(server, "claude-weak")):
            llm = pair(strong=strong, weak=weak)
            asked = [HumanMessage("An easy sum.")]
            called = llm.invoke(asked)
            result = ToolMessage("3", tool_call_id=called.tool_calls[0]["id"] or "")
            config: Any = {"configurable": {"routellm_route": "strong"}}
            llm.invoke([*asked, called, result], config)
            assert [request.error for request in server.refused] == []
            said = str(server.bodies("claude-strong")[-1]["messages"])
            assert "I call add with" in said
            assert "add returned:" in said
