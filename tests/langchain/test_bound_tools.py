"""Tools reach each side through its own `bind_tools`, with what only the original objects hold."""

from __future__ import annotations

from typing import Any

import pytest
from langchain_core.language_models import GenericFakeChatModel
from langchain_core.messages import AIMessage, HumanMessage, ToolMessage
from langchain_core.runnables import RunnableBinding
from langchain_core.tools import tool

from langchain_routellm.bound_tools import tool_choice_for

from examples.stand_in import StandInServer
from tests.langchain.conftest import Pair, chat_anthropic, chat_openai
from tests.langchain.other_providers import chat_gemini

EASY, HARD = "Use the weather tool for Oslo.", "A hard one: use the weather tool for Oslo."


@tool
def weather(city: str) -> str:
    """Tell the weather of a city."""
    return f"sunny in {city}"


@tool(extras={"cache_control": {"type": "ephemeral"}})
def cached_weather(city: str) -> str:
    """Tell the weather of a city."""
    return f"sunny in {city}"


@pytest.mark.parametrize("prompt", [EASY, HARD])
async def test_a_tool_loop_on_either_provider(mixed_pair: Pair, stand_in: StandInServer, prompt: str) -> None:
    llm = mixed_pair().bind_tools([weather])
    messages: list[Any] = [HumanMessage(prompt)]
    for call in (llm.invoke, llm.ainvoke):
        answer = call(messages)
        answer = answer if isinstance(answer, AIMessage) else await answer
        (tool_call,) = answer.tool_calls
        assert (tool_call["name"], list(tool_call["args"])) == ("weather", ["city"])
        history = [*messages, answer, ToolMessage("sunny", tool_call_id=tool_call["id"])]
        final = llm.invoke(history)
        assert "sunny" in final.text
        first, second = (found.response_metadata["routellm"] for found in (answer, final))
        assert first == second
        assert first["reason"] == "score"
    assert stand_in.refused == []


@pytest.mark.parametrize("choice", ["any", "auto", "weather", "required", "none", True, None])
@pytest.mark.parametrize("prompt", [EASY, HARD])
def test_a_tool_choice_means_the_same_on_both_sides(
    mixed_pair: Pair, stand_in: StandInServer, prompt: str, choice: Any
) -> None:
    answer = mixed_pair().bind_tools([weather], tool_choice=choice).invoke(prompt)
    assert stand_in.refused == []
    (body,) = [request.body for request in stand_in.requests]
    assert bool(answer.tool_calls) == (choice != "none")
    sent = body.get("tool_choice")
    kind = sent if isinstance(sent, str) else (sent or {}).get("type")
    expected = {
        "any": {"required", "any"},
        "required": {"required", "any"},
        True: {"required", "any", "function", "tool"},
        "auto": {"auto"},
        "none": {"none"},
        "weather": {"function", "tool"},
        None: {None},
    }
    assert kind in expected[choice]


@pytest.mark.parametrize(
    ("choice", "family", "expected"),
    [
        ({"type": "function", "function": {"name": "f"}}, "anthropic", "f"),
        (
            {"type": "function", "function": {"name": "f"}},
            "openai",
            {"type": "function", "function": {"name": "f"}},
        ),
        ({"type": "tool", "name": "f"}, "openai", "f"),
        ({"type": "any"}, "openai", "any"),
        ({"type": "tool", "name": "f"}, "anthropic", {"type": "tool", "name": "f"}),
    ],
)
def test_dictionaries_of_the_other_provider_are_translated(choice: Any, family: Any, expected: Any) -> None:
    assert tool_choice_for(choice, family) == expected


def test_provider_data_on_a_tool_survives(mixed_pair: Pair, stand_in: StandInServer) -> None:
    mixed_pair().bind_tools([cached_weather]).invoke(EASY)
    (body,) = stand_in.bodies("claude-weak")
    assert body["tools"][0]["cache_control"] == {"type": "ephemeral"}
    assert stand_in.refused == []


def test_what_agents_look_at(pair: Pair) -> None:
    bound = pair().bind_tools([weather], tool_choice="any", parallel_tool_calls=False)
    assert isinstance(bound, RunnableBinding)
    assert bound.kwargs["tool_choice"] == "any"
    assert bound.kwargs["tools"][0].get("type") == "function"
    assert bound.kwargs["tools"][0]["function"]["name"] == "weather"


def test_all_arguments_are_replayed_by_the_side_that_answers(pair: Pair, stand_in: StandInServer) -> None:
    bound = pair().bind_tools([weather], parallel_tool_calls=False, strict=True)
    bound.invoke(EASY)
    bound.bind(tool_choice="weather").invoke(EASY, temperature=0.5)
    first, second = stand_in.bodies("gpt-weak")
    assert first["parallel_tool_calls"] is False
    assert first["tools"][0]["function"]["strict"] is True
    assert second["tool_choice"] == {"type": "function", "function": {"name": "weather"}}
    assert second["temperature"] == 0.5
    assert first["tools"] == second["tools"]


def test_binding_twice_replaces(pair: Pair, stand_in: StandInServer) -> None:
    pair().bind_tools([weather]).bind_tools([cached_weather]).invoke(EASY)  # type: ignore[attr-defined]
    (body,) = stand_in.bodies("gpt-weak")
    assert [found["function"]["name"] for found in body["tools"]] == ["cached_weather"]


def test_a_mistake_shows_when_the_tools_are_bound(pair: Pair) -> None:
    with pytest.raises(ValueError, match="Unsupported"):
        pair().bind_tools(["not a tool"])  # type: ignore[list-item]


def test_a_side_without_tools_is_not_sent_any(pair: Pair, stand_in: StandInServer) -> None:
    no_tools = GenericFakeChatModel(messages=iter(["never asked"]))
    answer = pair(weak=no_tools).bind_tools([weather]).invoke(EASY)
    assert answer.response_metadata["routellm"]["reason"] == "tools"
    assert answer.response_metadata["model_name"] == "gpt-strong"
    known = chat_openai(stand_in, "gpt-weak", profile={"tool_calling": False})
    assert (
        pair(weak=known).bind_tools([weather]).invoke(EASY).response_metadata["routellm"]["reason"] == "tools"
    )
    assert (
        pair(weak_lacks={"tools"}).bind_tools([weather]).invoke(EASY).response_metadata["routellm"]["reason"]
        == "tools"
    )


def test_a_side_that_refuses_these_tools_is_not_asked(pair: Pair) -> None:
    class Picky(GenericFakeChatModel):
        def bind_tools(self, tools: Any, **kwargs: Any) -> Any:
            raise ValueError("no tool of that shape")

    bound = pair(weak=Picky(messages=iter(["never asked"]))).bind_tools([weather])
    assert bound.invoke(EASY).response_metadata["routellm"]["reason"] == "unsupported"


def test_the_side_that_knows_a_providers_own_tool_answers(mixed_pair: Pair, stand_in: StandInServer) -> None:
    llm = mixed_pair()
    search = {"type": "web_search_20250305", "name": "web_search"}
    found = llm.bind_tools([search]).bound.route(HARD, tools=llm.bind_tools([search]).kwargs["tools"])  # type: ignore[attr-defined]
    assert (found.route, found.reason) == ("weak", "unsupported")
    kwargs = llm.bind_tools([{"type": "web_search"}]).kwargs  # type: ignore[attr-defined]
    assert (llm.route(EASY, **kwargs).route, llm.route(EASY, **kwargs).reason) == ("strong", "unsupported")
    assert chat_anthropic(stand_in, "claude-weak")


def test_fallbacks_can_bind_tools(pair: Pair, stand_in: StandInServer) -> None:
    stand_in.fail_next("gpt-weak", 500)
    chain = pair().with_fallbacks([chat_openai(stand_in, "gpt-4o-mini")]).bind_tools([weather])  # type: ignore[attr-defined]
    answer = chain.invoke(EASY)
    assert answer.tool_calls[0]["name"] == "weather"
    assert answer.response_metadata["model_name"] == "gpt-4o-mini"


@pytest.mark.parametrize("builtin", [{"google_search": {}}, {"code_execution": {}}, {"url_context": {}}])
def test_geminis_own_tools_go_to_gemini(pair: Pair, stand_in: StandInServer, builtin: dict[str, Any]) -> None:
    llm = pair(strong=chat_gemini(), weak=chat_gemini("gemini-2.5-flash"))
    llm.bind_tools([builtin]).invoke(EASY)
    ((_, config),) = llm.weak.client.requests
    assert getattr(config.tools[0], next(iter(builtin))) is not None
    # a side that has none of it leaves the call to the other
    mixed = pair(strong=chat_gemini())
    bound: Any = mixed.bind_tools([builtin])
    assert bound.bound.route(EASY, **bound.kwargs).route == "strong"
    with pytest.raises(ValueError, match="Unsupported function"):
        pair().bind_tools([builtin])
