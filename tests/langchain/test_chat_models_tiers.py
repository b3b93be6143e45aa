"""Three models behind one score: every way in, gates, prices, loops and conversations."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from langchain_core.callbacks import BaseCallbackHandler
from langchain_core.messages import AIMessage, HumanMessage
from pydantic import BaseModel

from routellm_core import routing
from routellm_core.routing.logged_decisions import read_decisions

from examples.stand_in import StandInServer
from tests.langchain.conftest import chat_anthropic
from tests.langchain.three_tiers import (
    ASKED,
    EASY,
    HARD,
    MIDDLING,
    MODELS,
    NAMES,
    PRICES,
    WAYS,
    Tiers,
    weather,
)

pytestmark = pytest.mark.filterwarnings("ignore::langchain_core._api.LangChainBetaWarning")


class City(BaseModel):
    """A city."""

    name: str


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(("text", "tier"), ASKED)
def test_every_way_in_reaches_every_tier(tiers: Tiers, way: str, text: str, tier: str) -> None:
    llm = tiers()
    answer = WAYS[way](llm, text)
    assert answer.text.startswith(f"[{MODELS[tier]}]")
    record = answer.response_metadata["routellm"]
    assert (record["route"], record["reason"]) == (tier, "score")
    assert json.loads(json.dumps(record)) == record
    stats = llm.routing_stats()
    assert {name: each.calls for name, each in stats.tiers.items()} == {n: int(n == tier) for n in NAMES}
    assert stats.tiers[tier].tokens.output > 0
    decision = llm.route(text)
    assert (decision.route, decision.score) == (tier, record["score"])


class Tags(BaseCallbackHandler):
    def __init__(self) -> None:
        self.seen: list[tuple[list[str], Any]] = []

    def on_chat_model_start(self, *args: Any, tags: Any = None, metadata: Any = None, **kwargs: Any) -> None:
        self.seen.append((tags, metadata["routellm_route"]))


def test_the_trace_names_the_tier_once(tiers: Tiers) -> None:
    handler = Tags()
    tiers().invoke(MIDDLING, {"callbacks": [handler]})
    assert handler.seen == [(["routellm:mini"], "mini")]


def test_prices_are_each_tiers_own_in_statistics_record_and_log(tiers: Tiers, tmp_path: Path) -> None:
    log = tmp_path / "decisions.jsonl"
    llm = tiers(prices=PRICES, decision_log=log)
    answers = [llm.invoke(text) for text, _ in ASKED]
    costs = {
        tier: answer.usage_metadata["total_tokens"] * PRICES[tier]["input"] / 1e6  # type: ignore[index]
        for answer, (_, tier) in zip(answers, ASKED, strict=True)
    }
    stats = llm.routing_stats()
    assert {name: each.cost for name, each in stats.tiers.items()} == pytest.approx(costs)
    assert stats.cost == pytest.approx(sum(costs.values()))
    assert stats.always_strong_cost == pytest.approx(
        sum(answer.usage_metadata["total_tokens"] for answer in answers) * 100 / 1e6  # type: ignore[index]
    )
    assert llm.decision_log is not None
    llm.decision_log.flush()  # type: ignore[union-attr]  # an open log in the place of the file's name
    rows = list(read_decisions(log))
    assert [row["route"] for row in rows] == list(NAMES)
    assert [row["cost"] for row in rows] == pytest.approx([costs[name] for name in NAMES])
    assert rows[0]["models"] == {tier: MODELS[tier] for tier in reversed(NAMES)}


def test_a_tier_that_cannot_serve_a_call_passes_it_up(tiers: Tiers) -> None:
    llm = tiers(tier_lacks={"mini": {"tools"}})
    bound = llm.bind_tools([weather])
    routes = [bound.invoke(text).response_metadata["routellm"] for text in (EASY, MIDDLING, HARD)]
    assert [(record["route"], record["reason"]) for record in routes] == [
        ("nano", "score"),
        ("full", "tools"),
        ("full", "score"),
    ]


def test_a_tool_loop_stays_on_its_tier(tiers: Tiers) -> None:
    agents = pytest.importorskip("langchain.agents")
    agent = agents.create_agent(tiers(), tools=[weather])
    question = "Use the weather tool for middling Oslo."
    messages = agent.invoke({"messages": [("human", question)]})["messages"]
    answers = [message for message in messages if isinstance(message, AIMessage)]
    assert [answer.response_metadata["routellm"]["route"] for answer in answers] == ["mini", "mini"]


def test_a_conversation_does_not_go_below_a_tier_that_answered_it(tiers: Tiers) -> None:
    llm = tiers(sticky="conversation")
    history: list[Any] = []
    routes = []
    for text in (
        EASY,
        MIDDLING,
        "Name the capital city of Norway.",
        HARD,
        "Name the capital city of Peru.",
    ):
        history.append(HumanMessage(text))
        history.append(llm.invoke(history))
        routes.append(history[-1].response_metadata["routellm"]["route"])
    assert routes == ["nano", "mini", "mini", "full", "full"]
    assert llm.routing_stats().switches == 2


def test_a_call_may_name_its_tier(tiers: Tiers) -> None:
    llm = tiers()

    def route(**configurable: Any) -> str:
        record = llm.invoke(EASY, {"configurable": configurable}).response_metadata["routellm"]
        return str(record["route"])

    assert [route(routellm_route=name) for name in (*NAMES, "weak", "strong")] == [*NAMES, "nano", "full"]
    assert (route(routellm_threshold=0.05), route(routellm_threshold=0.2)) == ("full", "nano")
    with routing(route="mini"):
        assert llm.invoke(EASY).response_metadata["routellm"]["route"] == "mini"
    with pytest.raises(ValueError, match="routellm_route is 'medium', expected 'full', 'mini' or 'nano'"):
        route(routellm_route="medium")


def test_a_schema_reaches_each_tier(tiers: Tiers) -> None:
    llm = tiers()
    chain = llm.with_structured_output(City)
    for text, _ in ASKED:
        assert isinstance(chain.invoke(f"{text} Name a city. name: Oslo"), City)
    assert [each.calls for each in llm.routing_stats().tiers.values()] == [1, 1, 1]


def test_a_conversation_goes_on_between_three_models_of_two_providers(
    tiers: Tiers, stand_in: StandInServer
) -> None:
    llm = tiers(mini=chat_anthropic(stand_in, "claude-weak"), prices=PRICES)
    bound = llm.bind_tools([weather])
    history: list[Any] = []
    for text in (
        "Use the weather tool for hard Oslo.",
        "Use the weather tool for middling Rome.",
        "Say hello to all.",
    ):
        history.append(HumanMessage(text))
        while True:
            answer = bound.invoke(history)
            history.append(answer)
            if not answer.tool_calls:
                break
            history += [weather.invoke(call) for call in answer.tool_calls]
    routes = [m.response_metadata["routellm"]["route"] for m in history if isinstance(m, AIMessage)]
    assert routes == ["full", "full", "mini", "mini", "nano"]
    assert not stand_in.refused
