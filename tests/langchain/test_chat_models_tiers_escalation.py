"""Escalation through three models: one tier up at a time, and no rejected answer is shown."""

from __future__ import annotations

import openai
import pytest
from langchain_core.messages import AIMessage, HumanMessage

from routellm_core import Disagreement

from examples.stand_in import StandInServer
from tests.langchain.conftest import chat_openai
from tests.langchain.three_tiers import EASY, MIDDLING, MODELS, NAMES, WAYS, Tiers, weather

pytestmark = pytest.mark.filterwarnings("ignore::langchain_core._api.LangChainBetaWarning")


def test_an_overflow_goes_up_until_the_prompt_fits(tiers: Tiers) -> None:
    answer = tiers().invoke("word " * 17_000)
    assert answer.response_metadata["routellm"]["route"] == "mini"
    assert answer.response_metadata["routellm"]["reason"] == "escalated"


@pytest.mark.parametrize("failing", [("nano",), ("nano", "mini")])
@pytest.mark.parametrize("way", ["invoke", "ainvoke", "stream", "astream", "events", "aevents", "generate"])
def test_escalation_goes_one_tier_up_at_a_time(
    tiers: Tiers, stand_in: StandInServer, way: str, failing: tuple[str, ...]
) -> None:
    llm = tiers(escalate_on=openai.RateLimitError)
    for tier in failing:
        stand_in.fail_next(MODELS[tier], 429)
    answer = WAYS[way](llm, EASY)
    asked = NAMES[: len(failing) + 1]
    assert answer.text.startswith(f"[{MODELS[asked[-1]]}]")
    assert stand_in.calls() == {MODELS[tier]: 1 for tier in asked}
    stats = llm.routing_stats()
    assert (stats.requests, stats.escalations) == (1, len(failing))


@pytest.mark.parametrize("way", ["invoke", "ainvoke", "stream", "astream"])
def test_two_rejected_answers_are_never_shown(tiers: Tiers, way: str) -> None:
    llm = tiers(escalate_if=lambda answer: "gpt-strong" not in answer.text)
    answer = WAYS[way](llm, EASY)
    assert answer.text.startswith("[gpt-strong]")
    assert "gpt-weak" not in answer.text
    assert "gpt-4o-mini" not in answer.text


def test_what_is_streamed_in_a_graph_is_the_answer_that_stands(tiers: Tiers) -> None:
    agents = pytest.importorskip("langchain.agents")
    llm = tiers(escalate_if=lambda answer: "gpt-strong" not in answer.text)
    agent = agents.create_agent(llm, tools=[])
    shown = [
        chunk.text
        for chunk, _ in agent.stream({"messages": [("human", EASY)]}, stream_mode="messages")
        if isinstance(chunk, AIMessage)
    ]
    text = "".join(shown)
    assert (text.count("[gpt-strong]"), text.count("[gpt-4o-mini]"), text.count("[gpt-weak]")) == (1, 0, 0)


async def test_events_of_two_rejected_answers_are_not_shown(tiers: Tiers) -> None:
    llm = tiers(escalate_if=lambda answer: "gpt-strong" not in answer.text)
    events = [event async for event in llm.astream_events(EASY, version="v2")]
    assert {tag for event in events for tag in event.get("tags", ())} == {"routellm:full"}
    assert [event["event"] for event in events].count("on_chat_model_start") == 1
    assert len({event["run_id"] for event in events}) == 1


def test_an_escalated_loop_stays_where_it_went(tiers: Tiers) -> None:
    llm = tiers().bind_tools([weather])
    call = llm.invoke("Use the weather tool for Oslo.")
    call.response_metadata["routellm"] |= {"route": "mini", "reason": "escalated"}
    result = weather.invoke(call.tool_calls[0])
    answer = llm.invoke([HumanMessage("Use the weather tool for Oslo."), call, result])
    assert answer.response_metadata["routellm"]["route"] == "mini"
    assert answer.response_metadata["routellm"]["reason"] == "sticky"


def test_two_cheap_models_that_disagree_ask_the_next_tier(tiers: Tiers, stand_in: StandInServer) -> None:
    checker = chat_openai(stand_in, "gpt-4o")
    llm = tiers(escalate_if=Disagreement(checker, same=lambda one, other: False))
    assert llm.invoke(EASY).response_metadata["routellm"]["route"] == "mini"
    assert llm.invoke(MIDDLING).response_metadata["routellm"]["reason"] == "score"
    assert stand_in.calls() == {"gpt-weak": 1, "gpt-4o": 1, "gpt-4o-mini": 2}
