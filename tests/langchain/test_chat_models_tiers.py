"""Three models behind one score: every way in, gates, escalation, prices, loops, settings and copies."""

from __future__ import annotations

import asyncio
import copy
import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import openai
import pytest
from langchain_core.callbacks import BaseCallbackHandler
from langchain_core.load import dumps, loads
from langchain_core.messages import AIMessage, HumanMessage
from langchain_core.tools import tool
from langchain_openai import ChatOpenAI
from pydantic import BaseModel, ValidationError

from langchain_routellm import ChatRouteLLM
from routellm_core import Disagreement, routing
from routellm_core.pair.pair_check import PairWarning
from routellm_core.routing.logged_decisions import read_decisions

from examples.stand_in import StandInServer
from tests.langchain.conftest import chat_anthropic, chat_openai
from tests.routers import WordsRouter

pytestmark = pytest.mark.filterwarnings("ignore::langchain_core._api.LangChainBetaWarning")

NAMES = ("nano", "mini", "full")
MODELS = {"nano": "gpt-weak", "mini": "gpt-4o-mini", "full": "gpt-strong"}
EASY, MIDDLING, HARD = "What is it?", "Compare these middling two.", "Prove the hard theorem."
ASKED = list(zip((EASY, MIDDLING, HARD), NAMES, strict=True))
PRICES = {name: {"input": price, "output": price} for name, price in zip(NAMES, (1, 10, 100), strict=True)}

Tiers = Callable[..., ChatRouteLLM]


class City(BaseModel):
    """A city."""

    name: str


@tool
def weather(city: str) -> str:
    """Tell the weather of a city."""
    return f"sunny in {city}"


@pytest.fixture
def tiers(stand_in: StandInServer) -> Tiers:
    def make(mini: Any = None, **settings: Any) -> ChatRouteLLM:
        models = {name: chat_openai(stand_in, model) for name, model in MODELS.items()}
        given = {"router": WordsRouter(hard=0.9, middling=0.5), "thresholds": (0.3, 0.7)}
        if {"shares", "threshold"} & settings.keys():
            del given["thresholds"]
        return ChatRouteLLM.from_tiers(models | ({"mini": mini} if mini else {}), **{**given, **settings})

    return make


def _stream(llm: Any, text: str) -> AIMessage:
    first, *others = llm.stream(text)
    answer: AIMessage = sum(others, first)
    return answer


async def _astream(llm: Any, text: str) -> AIMessage:
    first, *others = [chunk async for chunk in llm.astream(text)]
    answer: AIMessage = sum(others, first)
    return answer


async def _aevents(llm: Any, text: str) -> AIMessage:
    answer: AIMessage = await (await llm.astream_events(text, version="v3")).output
    return answer


WAYS: dict[str, Callable[[Any, str], Any]] = {
    "invoke": lambda llm, text: llm.invoke(text),
    "ainvoke": lambda llm, text: asyncio.run(llm.ainvoke(text)),
    "stream": _stream,
    "astream": lambda llm, text: asyncio.run(_astream(llm, text)),
    "batch": lambda llm, text: llm.batch([text])[0],
    "abatch": lambda llm, text: asyncio.run(llm.abatch([text]))[0],
    "generate": lambda llm, text: llm.generate([[HumanMessage(text)]]).generations[0][0].message,
    "events": lambda llm, text: llm.stream_events(text, version="v3").output,
    "aevents": lambda llm, text: asyncio.run(_aevents(llm, text)),
}


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


def test_a_tool_loop_stays_on_its_tier(tiers: Tiers) -> None:
    agents = pytest.importorskip("langchain.agents")
    agent = agents.create_agent(tiers(), tools=[weather])
    question = "Use the weather tool for middling Oslo."
    messages = agent.invoke({"messages": [("human", question)]})["messages"]
    answers = [message for message in messages if isinstance(message, AIMessage)]
    assert [answer.response_metadata["routellm"]["route"] for answer in answers] == ["mini", "mini"]


def test_an_escalated_loop_stays_where_it_went(tiers: Tiers) -> None:
    llm = tiers().bind_tools([weather])
    call = llm.invoke("Use the weather tool for Oslo.")
    call.response_metadata["routellm"] |= {"route": "mini", "reason": "escalated"}
    result = weather.invoke(call.tool_calls[0])
    answer = llm.invoke([HumanMessage("Use the weather tool for Oslo."), call, result])
    assert answer.response_metadata["routellm"]["route"] == "mini"
    assert answer.response_metadata["routellm"]["reason"] == "sticky"


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


def test_settings_name_tiers_and_the_kill_switch_works(tiers: Tiers) -> None:
    llm = tiers(no_text_route="mini", housekeeping_route=None)
    assert llm.invoke([HumanMessage(" ")]).response_metadata["routellm"]["route"] == "mini"
    llm.threshold = 0.0
    assert llm.invoke(EASY).response_metadata["routellm"]["route"] == "full"
    llm.thresholds = (0.05, 0.7)
    assert (llm.threshold, llm.invoke(EASY).response_metadata["routellm"]["route"]) == (None, "mini")
    with pytest.raises(ValueError, match="tier_names can't be changed"):
        llm.tier_names = ("a", "b", "c")
    with pytest.raises(ValueError, match="between holds 0"):
        llm.between = []
    assert llm.invoke(EASY).response_metadata["routellm"]["route"] == "mini"


def test_shares_hold_for_each_tier(tiers: Tiers) -> None:
    llm = tiers(router="random", shares=[0.5, 0.3, 0.2])
    calls = [llm.switchboard.dispatcher.decide(llm.switchboard.request(_call(llm, n))) for n in range(2_000)]
    routes = Counter(decision.route for decision in calls)
    assert [routes[name] / 2_000 for name in NAMES] == pytest.approx([0.5, 0.3, 0.2], abs=0.03)


def _call(llm: ChatRouteLLM, number: int) -> Any:
    return llm.routed_call(f"a prompt of number {number}", None, None, {})


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


def test_copies_and_dumps_are_the_same_router(tiers: Tiers, stand_in: StandInServer) -> None:
    llm = tiers(router="random", thresholds=(0.3, 0.7))
    warm = llm.model_copy(update={"temperature": 0.3})
    for copied in (warm, copy.copy(llm), llm.with_config(tags=["mine"])):
        answer = copied.invoke(EASY, {"configurable": {"routellm_route": "mini"}})
        assert answer.text.startswith("[gpt-4o-mini]")
    assert stand_in.bodies("gpt-4o-mini")[0]["temperature"] == 0.3
    made = loads(
        dumps(llm),
        allowed_objects=[ChatRouteLLM, ChatOpenAI],
        valid_namespaces=["langchain_routellm"],
        secrets_map={"OPENAI_API_KEY": "test-key"},
    )
    assert made.tier_names == NAMES
    assert made.invoke(EASY, {"configurable": {"routellm_route": "mini"}}).text.startswith("[gpt-4o-mini]")
    assert "test-key" not in llm.model_dump_json() + repr(llm) + dumps(llm)
    anew = type(llm)(**{name: getattr(llm, name) for name in llm.model_fields_set})
    assert anew.thresholds == (0.3, 0.7)


def test_what_it_says_of_itself_is_true_of_all(tiers: Tiers, stand_in: StandInServer) -> None:
    llm = tiers()
    assert (llm._llm_type, llm._get_ls_params()["ls_provider"]) == ("openai-chat", "openai")
    assert llm.model_name == "gpt"
    assert repr(llm).startswith("ChatRouteLLM(full=ChatOpenAI('gpt-strong'), mini=ChatOpenAI('gpt-4o-mini')")
    mixed = tiers(mini=chat_anthropic(stand_in, "claude-weak"))
    assert (mixed._llm_type, mixed.model_name) == ("chat-routellm", None)
    assert llm._get_llm_string() != mixed._get_llm_string()


def test_models_may_be_strings_and_tiers_pairs(stand_in: StandInServer) -> None:
    pytest.importorskip("langchain", reason="langchain is not installed")
    llm = ChatRouteLLM.from_tiers(
        [(name, f"openai:{model}") for name, model in MODELS.items()],
        thresholds=[0.3, 0.7],
        router=WordsRouter(middling=0.5),
        base_url=stand_in.openai_url,
        api_key="test-key",
    )
    assert llm.invoke(MIDDLING).text.startswith("[gpt-4o-mini]")


def test_two_tiers_with_names_of_their_own(stand_in: StandInServer) -> None:
    models = [("mini", chat_openai(stand_in, "gpt-4o-mini")), ("full", chat_openai(stand_in, "gpt-4o"))]
    llm = ChatRouteLLM.from_tiers(models, shares=[0.7, 0.3])
    assert llm.invoke("hello there").response_metadata["routellm"]["route"] in ("mini", "full")
    assert set(llm.routing_stats().tiers) == {"mini", "full"}


def test_what_is_no_tier_is_refused(stand_in: StandInServer) -> None:
    model = chat_openai(stand_in, "gpt-4o")
    other = chat_openai(stand_in, "gpt-4o-mini")
    make: Any = ChatRouteLLM.from_tiers
    with pytest.raises(ValueError, match="tiers holds 1, expected two or more"):
        make([("one", model)], shares=[1.0])
    with pytest.raises(ValueError, match="tiers is no list of names and models"):
        make([model, other], shares=[0.5, 0.5])
    with pytest.raises(ValidationError, match="two tiers are named 'a'"):
        make([("a", model), ("a", other)], shares=[0.5, 0.5])
    with pytest.raises(ValidationError, match="b is int, expected a chat model"):
        make([("a", model), ("b", 1), ("c", other)], shares=[0.5, 0.3, 0.2])
    with pytest.raises(ValidationError, match="exactly one of shares="):
        make([("a", other), ("b", model), ("c", other)])
    with pytest.warns(PairWarning, match="full and mini are one and the same model"):
        make([("mini", model), ("full", model)], thresholds=[0.5])


def test_two_cheap_models_that_disagree_ask_the_next_tier(tiers: Tiers, stand_in: StandInServer) -> None:
    checker = chat_openai(stand_in, "gpt-4o")
    llm = tiers(escalate_if=Disagreement(checker, same=lambda one, other: False))
    assert llm.invoke(EASY).response_metadata["routellm"]["route"] == "mini"
    assert llm.invoke(MIDDLING).response_metadata["routellm"]["reason"] == "score"
    assert stand_in.calls() == {"gpt-weak": 1, "gpt-4o": 1, "gpt-4o-mini": 2}
