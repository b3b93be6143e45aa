"""History between providers that are neither OpenAI nor Anthropic: what one made is taken by the other."""

from __future__ import annotations

from typing import Any

import pytest
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, SystemMessage, ToolMessage

from examples.stand_in import StandInServer, thinking_signature
from tests.langchain.conftest import Pair, chat_anthropic
from tests.langchain.other_providers import chat_gemini, chat_mistral, chat_ollama

EASY, HARD = "An easy question.", "A hard question."
VERSIONS = pytest.mark.parametrize("version", ["v0", "v1"])


def talk(llm: Any, *questions: str, start: tuple[BaseMessage, ...] = ()) -> list[BaseMessage]:
    """Ask in turn, each time with the whole conversation."""
    messages: list[BaseMessage] = list(start)
    for question in questions:
        messages.append(HumanMessage(question))
        messages.append(llm.invoke(messages))
    return messages


@VERSIONS
def test_gemini_with_thinking_and_ollama(pair: Pair, version: str) -> None:
    strong, weak = chat_gemini(output_version=version), chat_ollama(output_version=version, reasoning=True)
    messages = talk(pair(strong=strong, weak=weak), HARD, EASY, HARD, EASY)
    assert "Gemini's thoughts." in str(messages[1].content)
    *_, last = weak._client.requests
    said = [message["content"].strip() for message in last[1::2]]
    assert said == ["Gemini's answer.", "Ollama's answer.", "Gemini's answer."]
    assert "Gemini's thoughts" not in str(last)
    contents, _ = strong.client.requests[-1]
    assert [part.text for part in contents[3].parts] == ["Ollama's answer."]
    assert any(part.thought_signature for part in contents[1].parts)


@VERSIONS
def test_gemini_with_thinking_and_mistral(pair: Pair, version: str) -> None:
    requests: list[Any] = []
    llm = pair(strong=chat_gemini(output_version=version), weak=chat_mistral(requests))
    talk(llm, HARD, EASY, HARD, EASY)
    assert [message["content"] for message in requests[-1]["messages"]][1] == "Gemini's answer."


def test_two_geminis_do_not_share_signatures(pair: Pair) -> None:
    strong = chat_gemini("gemini-2.5-pro", output_version="v1")
    weak = chat_gemini("gemini-2.5-flash", output_version="v1")
    talk(pair(strong=strong, weak=weak), HARD, EASY, HARD, EASY)
    contents, _ = weak.client.requests[-1]
    assert [[part.text for part in content.parts if not part.thought] for content in contents[1::2]] == [
        ["Gemini's answer."]
    ] * 3


def test_claude_with_thinking_and_ollama(pair: Pair, stand_in: StandInServer) -> None:
    thinking = {"thinking": {"type": "enabled", "budget_tokens": 1024}, "max_tokens": 2048}
    weak = chat_ollama()
    llm = pair(strong=chat_anthropic(stand_in, "claude-strong", **thinking), weak=weak)
    talk(llm, HARD, EASY, HARD, EASY)
    assert stand_in.refused == []
    assert "thinking" in str(stand_in.bodies("claude-strong")[-1]["messages"])
    assert all("user wants" not in str(request) for request in weak._client.requests)


def test_server_tools_of_claude_stay_with_claude(pair: Pair, stand_in: StandInServer) -> None:
    searched = AIMessage(
        [
            {
                "type": "thinking",
                "thinking": "Hm.",
                "signature": thinking_signature("claude-strong", "Hm."),
            },
            {"type": "server_tool_use", "id": "srvtoolu_1", "name": "web_search", "input": {"query": "Oslo"}},
            {"type": "web_search_tool_result", "tool_use_id": "srvtoolu_1", "content": []},
            {"type": "text", "text": "Rain, it says."},
        ],
        response_metadata={"model_provider": "anthropic", "model_name": "claude-strong"},
    )
    start = (HumanMessage("The weather of Oslo?"), searched)
    weak = chat_ollama()
    talk(pair(strong=chat_anthropic(stand_in, "claude-strong"), weak=weak), EASY, HARD, start=start)
    assert weak._client.requests[0][1]["content"] == "Rain, it says."
    (body,) = stand_in.bodies("claude-strong")
    assert "web_search_tool_result" in str(body)
    # Another Claude of the same account takes the search, not the thinking.
    stand_in.reset()
    claudes = pair(
        strong=chat_anthropic(stand_in, "claude-strong"), weak=chat_anthropic(stand_in, "claude-weak")
    )
    talk(claudes, EASY, start=start)
    (body,) = stand_in.bodies("claude-weak")
    assert [block["type"] for block in body["messages"][1]["content"]] == [
        "server_tool_use",
        "web_search_tool_result",
        "text",
    ]
    assert stand_in.refused == []


def test_pictures_and_marks_of_one_provider_reach_the_other(pair: Pair, stand_in: StandInServer) -> None:
    picture = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "AA=="}}
    given = HumanMessage(
        [
            {"type": "input_text", "text": "Look."},
            {"text": "It is mine."},
            {"type": "input_image", "image_url": "data:image/png;base64,AA=="},
            {"type": "search_result", "title": "t", "source": "s", "content": "Red."},
            {"cachePoint": {"type": "default"}, "type": "cachePoint"},
            picture,
        ]
    )
    called = AIMessage("", tool_calls=[{"name": "camera", "args": {}, "id": "call_1"}])
    shown = ToolMessage([{"type": "text", "text": "Here."}, picture], tool_call_id="call_1")
    llm = pair(weak=chat_anthropic(stand_in, "claude-weak"))
    llm.invoke([given, called, shown, HumanMessage(HARD)])
    assert [request.error for request in stand_in.refused] == []
    (body,) = stand_in.bodies("gpt-strong")
    assert [message["role"] for message in body["messages"]] == ["user", "assistant", "tool", "user", "user"]
    assert body["messages"][3]["content"][1]["image_url"]["url"] == "data:image/png;base64,AA=="
    llm.invoke([HumanMessage(given.content[:3]), called, shown, HumanMessage(EASY)])
    assert [request.error for request in stand_in.refused] == []


def test_names_of_agents_reach_openai(pair: Pair, stand_in: StandInServer) -> None:
    start = (SystemMessage("Be kind."), HumanMessage("Hello."), AIMessage("Hi.", name="Research Agent"))
    talk(pair(weak=chat_ollama()), HARD, start=start)
    assert stand_in.refused == []
    (body,) = stand_in.bodies("gpt-strong")
    assert body["messages"][2]["name"] == "Research_Agent"


def test_a_refusal_is_said(pair: Pair, stand_in: StandInServer) -> None:
    metadata = {"model_provider": "openai"}
    refused = AIMessage("", additional_kwargs={"refusal": "I can't."}, response_metadata=metadata)
    weak = chat_ollama()
    talk(pair(weak=weak), EASY, start=(HumanMessage("Hello."), refused))
    assert weak._client.requests[0][1]["content"] == "I can't."
