"""The order of turns: a conversation that one side takes is taken by the other, and means the same."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

pytest.importorskip("llama_index.core", reason="llama-index-core is not installed")
pytest.importorskip("llama_index.llms.openai", reason="llama-index-llms-openai is not installed")

from llama_index.core.base.llms.types import ChatMessage, MessageRole, ToolCallBlock
from llama_index.core.prompts import ChatPromptTemplate

from llamaindex_routellm.turn_order import CONTINUATION, LATE_RESULT, NO_RESULT, OPENING, ordered

from examples.stand_in import StandInModel, StandInServer
from tests.llamaindex.provider_classes import StrictOllamaClient, anthropic_class, ollama

SYSTEM, ASSISTANT, USER = MessageRole.SYSTEM, MessageRole.ASSISTANT, MessageRole.USER

CONVERSATIONS: dict[str, list[tuple[MessageRole, str]]] = {
    "greeting": [(ASSISTANT, "Hello, how can I help?"), (USER, "{}")],
    "system and greeting": [(SYSTEM, "Be kind."), (ASSISTANT, "Hello!"), (USER, "{}")],
    "second system": [
        (SYSTEM, "Be kind."),
        (USER, "Hi."),
        (ASSISTANT, "Hi."),
        (SYSTEM, "Be brief."),
        (USER, "{}"),
    ],
    "ends with the assistant": [(USER, "{}"), (ASSISTANT, "Well, ")],
    "empty turns": [(USER, "Hello."), (ASSISTANT, ""), (USER, "{}")],
    "developer": [(MessageRole.DEVELOPER, "Be kind."), (USER, "{}")],
}


def asked(name: str, question: str) -> list[ChatMessage]:
    return [
        ChatMessage(role=role, content=text.format(question) if text == "{}" else text)
        for role, text in CONVERSATIONS[name]
    ]


@pytest.fixture(params=[True, False])
def server(request: pytest.FixtureRequest) -> Iterator[StandInServer]:
    with StandInServer(["gpt-4o", StandInModel("claude-sonnet-5", prefill=request.param)]) as running:
        yield running


@pytest.fixture
def mixed(
    server: StandInServer,
    openai: Callable[..., Any],
    pair: Callable[..., Any],
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Any]:
    """A pair of OpenAI as strong and Anthropic as weak."""
    weak = anthropic_class(monkeypatch)(
        model="claude-sonnet-5", api_key="test-key", base_url=server.anthropic_url, max_retries=0
    )
    with weak._client:
        yield pair(strong=openai("gpt-4o", api_base=server.openai_url), weak=weak)


@pytest.mark.parametrize("name", CONVERSATIONS)
def test_both_sides_of_a_mixed_pair_answer(mixed: Any, server: StandInServer, name: str) -> None:
    for question in ("An easy question.", "A hard question."):
        mixed.chat(asked(name, question))
        mixed.predict(ChatPromptTemplate(message_templates=asked(name, question)))
    assert [request.error for request in server.refused] == []
    assert server.calls() == {"gpt-4o": 2, "claude-sonnet-5": 2}
    assert len(server.bodies("gpt-4o")[0]["messages"]) == len(CONVERSATIONS[name])


def test_what_is_added_is_said(mixed: Any, server: StandInServer) -> None:
    mixed.chat(asked("greeting", "An easy question."))
    mixed.chat(asked("ends with the assistant", "An easy question."))
    greeting, open_end = server.bodies("claude-sonnet-5")
    assert greeting["messages"][0]["content"][0]["text"] == OPENING
    assert open_end["messages"][-1]["content"][0]["text"] == CONTINUATION


def test_mistral_gets_late_instructions_first() -> None:
    turns = ordered(asked("second system", "What?"), "mistral", mixed=True)
    assert [turn.role for turn in turns] == [SYSTEM, SYSTEM, USER, ASSISTANT, USER]


CALL = ChatMessage(
    role=ASSISTANT, blocks=[ToolCallBlock(tool_call_id="call_1", tool_name="add", tool_kwargs={})]
)
RESULT = ChatMessage(role=MessageRole.TOOL, content="3", additional_kwargs={"tool_call_id": "call_1"})


@pytest.mark.parametrize(
    ("messages", "said"),
    [
        ([ChatMessage("Add."), CALL, ChatMessage("A hard one instead.")], NO_RESULT),
        ([RESULT, ChatMessage("A hard one.")], LATE_RESULT + "3"),
    ],
)
def test_broken_tool_loops_do_not_fail_on_one_side_alone(
    pair: Callable[..., Any], stand_in: StandInServer, messages: list[ChatMessage], said: str
) -> None:
    pair(weak=ollama(StrictOllamaClient())).chat(messages)
    assert [request.error for request in stand_in.refused] == []
    (body,) = stand_in.bodies("gpt-4o")
    assert said in [message["content"] for message in body["messages"]]
