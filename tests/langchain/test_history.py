"""History made by one provider's model is taken by the other, in both directions, however strict it is."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from langchain_core.messages import AIMessage, HumanMessage, SystemMessage, ToolMessage
from langchain_core.tools import tool

from examples.stand_in import Answer, StandInModel, StandInServer, ToolCall, thinking_signature
from tests.langchain.conftest import Pair, chat_anthropic, chat_openai

SIGNATURE = thinking_signature("claude-weak", "Let me see.")
EASY, HARD = "Then an easy question, please.", "Then a hard question, please."
ODD = "functions.weather:0|x"


@tool
def weather(city: str) -> str:
    """Tell the weather of a city."""
    return f"sunny in {city}"


def claude_message(**changes: Any) -> AIMessage:
    content = [
        {"type": "thinking", "thinking": "Let me see.", "signature": SIGNATURE},
        {"type": "server_tool_use", "id": "srvtoolu_1", "name": "web_search", "input": {"query": "Oslo"}},
        {"type": "web_search_tool_result", "tool_use_id": "srvtoolu_1", "content": []},
        {"type": "text", "text": "Looking.", "cache_control": {"type": "ephemeral"}},
        {"type": "tool_use", "id": "toolu_1", "name": "weather", "input": {"city": "Oslo"}},
    ]
    calls = [{"name": "weather", "args": {"city": "Oslo"}, "id": "toolu_1"}]
    metadata = {"model_provider": "anthropic", "model_name": "claude-weak"}
    fields = {"content": content, "tool_calls": calls, "response_metadata": metadata}
    return AIMessage(**{**fields, **changes})


def openai_message(call_id: str = "call_1", **metadata: Any) -> AIMessage:
    content = [
        {"type": "reasoning", "id": "rs_1", "summary": []},
        {"type": "text", "text": "Looking.", "annotations": []},
        {
            "type": "function_call",
            "id": "fc_1",
            "call_id": call_id,
            "name": "weather",
            "arguments": '{"city": "Oslo"}',
        },
    ]
    return AIMessage(
        content=content,  # type: ignore[arg-type]
        tool_calls=[{"name": "weather", "args": {"city": "Oslo"}, "id": call_id}],
        additional_kwargs={"reasoning": {"id": "rs_1"}},
        response_metadata=metadata or {"model_provider": "openai"},
    )


def turn(answer: AIMessage, question: str) -> list[Any]:
    return [
        SystemMessage([{"type": "text", "text": "Be kind.", "cache_control": {"type": "ephemeral"}}]),
        HumanMessage([{"type": "text", "text": "Weather of Oslo?", "cache_control": {"type": "ephemeral"}}]),
        answer,
        ToolMessage("sunny", tool_call_id=answer.tool_calls[0]["id"] or ""),
        AIMessage("It is sunny.", response_metadata=answer.response_metadata),
        HumanMessage(question),
    ]


@pytest.mark.parametrize("question", [EASY, HARD])
@pytest.mark.parametrize(
    "answer",
    [
        claude_message(),
        claude_message(response_metadata={"routellm": {"route": "weak"}}),
        claude_message(response_metadata={}),
        openai_message(),
        openai_message(routellm={"route": "strong"}),
        openai_message(call_id=ODD),
        openai_message(call_id="c" * 65),
    ],
)
async def test_both_sides_take_history_of_either(
    mixed_pair: Pair, stand_in: StandInServer, answer: AIMessage, question: str
) -> None:
    llm = mixed_pair().bind_tools([weather])
    messages = turn(answer, question)
    before = copy.deepcopy(messages)
    llm.invoke(messages)
    await llm.ainvoke(messages)
    list(llm.stream(messages))
    assert messages == before
    assert [request.error for request in stand_in.refused] == []
    assert len(stand_in.requests) == 3


def test_text_and_tool_calls_survive(mixed_pair: Pair, stand_in: StandInServer) -> None:
    llm = mixed_pair().bind_tools([weather])
    llm.invoke(turn(claude_message(), HARD))
    (body,) = stand_in.bodies("gpt-strong")
    sent = body["messages"][2]
    assert sent["content"] == "Looking."
    assert sent["tool_calls"][0]["id"] == "toolu_1"
    assert sent["tool_calls"][0]["function"]["arguments"] == '{"city": "Oslo"}'
    llm.invoke(turn(openai_message(), EASY))
    (body,) = stand_in.bodies("claude-weak")
    (text, use) = body["messages"][1]["content"]
    assert text == {"type": "text", "text": "Looking."}
    assert (use["type"], use["id"], use["input"]) == ("tool_use", "call_1", {"city": "Oslo"})


def test_the_makers_own_history_is_left_alone(mixed_pair: Pair, stand_in: StandInServer) -> None:
    mixed_pair().bind_tools([weather]).invoke(turn(claude_message(), EASY))
    (body,) = stand_in.bodies("claude-weak")
    kinds = [block["type"] for block in body["messages"][1]["content"]]
    assert kinds == ["thinking", "server_tool_use", "web_search_tool_result", "text", "tool_use"]
    assert body["system"][0]["cache_control"] == {"type": "ephemeral"}
    assert stand_in.refused == []


def test_odd_ids_are_renamed_between_models_of_one_provider_too(pair: Pair, stand_in: StandInServer) -> None:
    answer = AIMessage("", tool_calls=openai_message(call_id=ODD).tool_calls)
    pair().bind_tools([weather]).invoke([HumanMessage("Weather?"), *turn(answer, EASY)[2:]])
    (body,) = stand_in.bodies("gpt-weak")
    call_id = body["messages"][1]["tool_calls"][0]["id"]
    assert call_id == body["messages"][2]["tool_call_id"]
    assert call_id != ODD


def test_a_turn_of_thinking_alone_is_dropped(mixed_pair: Pair, stand_in: StandInServer) -> None:
    thought = AIMessage(
        [{"type": "thinking", "thinking": "Hm.", "signature": "c2lnbmF0dXJl"}],
        response_metadata={"model_provider": "anthropic"},
    )
    mixed_pair().invoke([HumanMessage("An easy question."), thought, HumanMessage(HARD)])
    (body,) = stand_in.bodies("gpt-strong")
    assert [message["role"] for message in body["messages"]] == ["user", "user"]


def test_real_thinking_answers_cross_over(pair: Pair) -> None:
    thinking = Answer(
        text="Checking.", thinking="Let me think.", tool_calls=(ToolCall("weather", {"city": "Oslo"}),)
    )
    models = [
        StandInModel("gpt-strong"),
        StandInModel("claude-weak", answer=[thinking, "Sunny, says claude."]),
    ]
    with StandInServer(models) as server:
        settings = {"thinking": {"type": "enabled", "budget_tokens": 1024}, "max_tokens": 2048}
        llm = pair(
            strong=chat_openai(server, "gpt-strong"), weak=chat_anthropic(server, "claude-weak", **settings)
        )
        bound = llm.bind_tools([weather])
        messages: list[Any] = [HumanMessage("An easy question on the weather.")]
        for _ in range(2):
            messages.append(bound.invoke(messages))
            messages += [ToolMessage("sunny", tool_call_id=call["id"]) for call in messages[-1].tool_calls]
        messages.append(HumanMessage("Now a hard question about clouds."))
        answer = bound.invoke(messages)
        assert answer.response_metadata["routellm"]["route"] == "strong"
        back = bound.invoke([*messages, answer, HumanMessage("An easy question to end with.")])
        assert back.response_metadata["routellm"]["route"] == "weak"
        assert [request.error for request in server.refused] == []
