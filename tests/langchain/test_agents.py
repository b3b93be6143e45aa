"""Agents and graphs see one model: tokens once, usage once, one side through a tool loop, both strategies."""

from __future__ import annotations

import json
from typing import Any

import pytest

pytest.importorskip("langchain", reason="langchain is not installed")
pytest.importorskip("langgraph", reason="langgraph is not installed")

from langchain.agents import create_agent
from langchain.agents.middleware import ModelFallbackMiddleware, SummarizationMiddleware, wrap_model_call
from langchain.agents.structured_output import ProviderStrategy, ToolStrategy
from langchain_core.callbacks import UsageMetadataCallbackHandler
from langchain_core.messages import AIMessage, HumanMessage
from langchain_core.tools import tool
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.graph import START, MessagesState, StateGraph
from pydantic import BaseModel

from examples.stand_in import StandInServer
from tests.langchain.conftest import Pair, chat_openai

pytestmark = [
    pytest.mark.filterwarnings("ignore:Pydantic serializer warnings"),
    pytest.mark.filterwarnings("ignore::langchain_core._api.LangChainBetaWarning"),
]

EASY, HARD = "Use the weather tool for Oslo.", "A hard one: use the weather tool for Oslo."


@tool
def weather(city: str) -> str:
    """Tell the weather of a city."""
    return f"A hard storm in {city}, with words that would score high."


class Report(BaseModel):
    """A weather report."""

    city: str
    summary: str


def human(text: str) -> Any:
    return {"messages": [HumanMessage(text)]}


def routes(state: Any) -> list[tuple[str, str]]:
    found = [
        message.response_metadata["routellm"]
        for message in state["messages"]
        if isinstance(message, AIMessage)
    ]
    return [(record["route"], record["reason"]) for record in found]


@pytest.mark.parametrize(("prompt", "route"), [(EASY, "weak"), (HARD, "strong")])
async def test_a_tool_loop_stays_on_one_side_and_is_scored_once(
    mixed_pair: Pair, stand_in: StandInServer, prompt: str, route: str
) -> None:
    llm = mixed_pair()
    agent = create_agent(llm, [weather])
    for state in (agent.invoke(human(prompt)), await agent.ainvoke(human(prompt))):
        assert routes(state) == [(route, "score"), (route, "score")]
        assert "storm" in state["messages"][-1].text
    assert llm.router.batches == [[prompt]]
    assert stand_in.refused == []


def test_tokens_are_not_doubled(pair: Pair, stand_in: StandInServer) -> None:
    llm = pair()
    for model in (llm, llm.strong):
        usage = UsageMetadataCallbackHandler()
        chunks = [
            message.text
            for message, _ in create_agent(model, [weather]).stream(
                human(HARD), {"callbacks": [usage]}, stream_mode="messages"
            )
            if isinstance(message, AIMessage)
        ]
        text = "".join(chunks)
        assert text.count("[gpt-strong]") == 1
        if model is llm:
            routed = (text, usage.usage_metadata)
    assert routed == (text, usage.usage_metadata)
    assert stand_in.calls() == {"gpt-strong": 4}


async def test_event_streams_of_an_agent_name_the_model_once(pair: Pair) -> None:
    agent = create_agent(pair(), [weather])
    events = [event async for event in agent.astream_events(human(HARD), version="v2")]
    ends = [event for event in events if event["event"] == "on_chat_model_end"]
    assert [event["name"] for event in ends] == ["ChatOpenAI"] * 2
    assert all(event["metadata"]["routellm_route"] == "strong" for event in ends)


def test_a_graphs_v3_stream_holds_each_message_once(pair: Pair) -> None:
    stream = create_agent(pair(), [weather]).stream_events(human(HARD), version="v3")
    texts = ["".join(message.text) for message in stream.messages]
    assert sum("[gpt-strong]" in text for text in texts) == 1


@pytest.mark.parametrize("prompt", [EASY, HARD])
@pytest.mark.parametrize("strategy", [ToolStrategy, ProviderStrategy])
def test_structured_answers(mixed_pair: Pair, stand_in: StandInServer, prompt: str, strategy: Any) -> None:
    agent: Any = create_agent(mixed_pair(), [weather], response_format=strategy(Report))
    state = agent.invoke(human(prompt))
    assert isinstance(state["structured_response"], Report)
    assert len(set(routes(state))) == 1
    assert stand_in.refused == []


def test_the_strategy_is_chosen_by_what_both_models_can(pair: Pair, stand_in: StandInServer) -> None:
    def native(weak_can: bool | None) -> bool:
        weak = chat_openai(
            stand_in, "gpt-weak", profile=None if weak_can is None else {"structured_output": weak_can}
        )
        strong = chat_openai(stand_in, "gpt-strong", profile={"structured_output": True})
        stand_in.reset()
        create_agent(pair(strong=strong, weak=weak), [weather], response_format=Report).invoke(human(HARD))
        return "response_format" in stand_in.bodies("gpt-strong")[0]

    assert native(True)
    assert not native(False)
    assert not native(None)


def test_profile_is_what_both_have_and_media_that_one_side_has(pair: Pair, stand_in: StandInServer) -> None:
    strong = {
        "max_input_tokens": 128_000,
        "image_inputs": True,
        "tool_calling": True,
        "name": "GPT",
        "pdf_inputs": True,
    }
    weak = {"max_input_tokens": 16_000, "image_inputs": False, "tool_calling": True, "name": "mini"}
    llm = pair(
        strong=chat_openai(stand_in, "gpt-strong", profile=strong),
        weak=chat_openai(stand_in, "gpt-weak", profile=weak),
    )
    assert llm.profile == {"max_input_tokens": 16_000, "image_inputs": True, "tool_calling": True}
    # what both names have in common, and neither of them
    assert llm.model_name == "gpt"
    assert not hasattr(llm, "model")
    SummarizationMiddleware(model=llm, trigger=("fraction", 0.8))
    assert pair().profile is None


def test_per_call_settings_reach_the_model_through_agents(pair: Pair) -> None:
    agent = create_agent(pair(), [weather])
    state = agent.invoke(human(EASY), {"configurable": {"routellm_route": "strong"}})
    assert routes(state) == [("strong", "forced")] * 2
    state = agent.invoke(human(EASY), {"configurable": {"routellm_threshold": 0.05}})
    assert routes(state) == [("strong", "score")] * 2


def test_middleware(pair: Pair, stand_in: StandInServer) -> None:
    llm = pair()

    @wrap_model_call
    def replaced(request: Any, handler: Any) -> Any:
        return handler(request.override(model=llm))

    agent = create_agent(llm.strong, [weather], middleware=[replaced])
    assert routes(agent.invoke(human(EASY))) == [("weak", "score")] * 2
    stand_in.fail_next("gpt-4o", 500)
    fallback = create_agent(
        chat_openai(stand_in, "gpt-4o"), [weather], middleware=[ModelFallbackMiddleware(llm)]
    )
    assert ("weak", "score") in routes_where_known(fallback.invoke(human(EASY)))


def routes_where_known(state: Any) -> list[tuple[str, str]]:
    known = [m for m in state["messages"] if isinstance(m, AIMessage) and "routellm" in m.response_metadata]
    return routes({"messages": known})


def test_a_graph_with_a_checkpointer_stays_strong_once_strong(pair: Pair) -> None:
    llm = pair(sticky="conversation")

    def answer(state: MessagesState) -> Any:
        return {"messages": [llm.invoke(state["messages"])]}

    builder = StateGraph(MessagesState)
    builder.add_node("answer", answer)
    builder.add_edge(START, "answer")
    graph: Any = builder.compile(checkpointer=InMemorySaver())
    turns = ["An easy question to begin with.", "Now a hard question for you.", "And an easy question again."]

    def play(thread: str) -> list[tuple[str, str]]:
        state: Any = None
        for turn in turns:
            state = graph.invoke(human(turn), {"configurable": {"thread_id": thread}})
        return routes(state)

    assert play("one") == [("weak", "score"), ("strong", "score"), ("strong", "sticky")]
    assert llm.routing_stats().switches == 1
    assert play("two") == [("weak", "score"), ("strong", "score"), ("strong", "sticky")]


async def test_sides_cross_providers_between_turns(mixed_pair: Pair, stand_in: StandInServer) -> None:
    agent: Any = create_agent(mixed_pair(), [weather], checkpointer=InMemorySaver())
    config = {"configurable": {"thread_id": "t"}}
    for prompt in (EASY, HARD, EASY, HARD):
        state = await agent.ainvoke(human(prompt), config)
    assert [route for route, _ in routes(state)] == ["weak", "weak", "strong", "strong"] * 2
    assert stand_in.refused == []
    assert "routellm" not in json.dumps([request.body for request in stand_in.requests])
