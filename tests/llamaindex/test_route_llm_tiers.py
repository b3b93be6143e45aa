"""Three models behind one score: endpoints, gates, escalation, prices, tools, settings and copies by tier."""

from __future__ import annotations

import json
import pickle
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("llama_index.core", reason="llama-index-core is not installed")
pytest.importorskip("openai", reason="openai is not installed")

from llama_index.core.agent.workflow import FunctionAgent
from llama_index.core.base.llms.types import ChatMessage
from llama_index.core.callbacks import CallbackManager, TokenCountingHandler
from openai import RateLimitError

from llamaindex_routellm import RouteLLM
from routellm_core import routing
from routellm_core.routing.logged_decisions import read_decisions

from examples.stand_in import StandInServer
from tests.llamaindex.endpoints import (
    ENDPOINTS,
    PROMPT,
    TOOLS,
    WITH_TOOLS,
    City,
    last_response,
    responses_of,
    result_of,
)
from tests.routers import WordsRouter

NAMES = ("nano", "mini", "full")
MODELS = {"nano": "gpt-weak", "mini": "gpt-4o-mini", "full": "gpt-strong"}
EASY, MIDDLING, HARD = "What is it?", "Compare these middling two.", "Prove the hard theorem."
ASKED = list(zip((EASY, MIDDLING, HARD), NAMES, strict=True))
PRICES = {name: {"input": price, "output": price} for name, price in zip(NAMES, (1, 10, 100), strict=True)}

Tiers = Callable[..., RouteLLM]


@pytest.fixture
def tiers(openai_like: Callable[..., Any]) -> Tiers:
    def make(**settings: Any) -> RouteLLM:
        models = {name: openai_like(model, is_function_calling_model=True) for name, model in MODELS.items()}
        given: dict[str, Any] = {"router": WordsRouter(hard=0.9, middling=0.5), "thresholds": (0.3, 0.7)}
        if {"shares", "threshold"} & settings.keys():
            del given["thresholds"]
        return RouteLLM.from_tiers(models, **{**given, **settings})

    return make


@pytest.mark.parametrize("method", ENDPOINTS)
@pytest.mark.parametrize(("text", "tier"), ASKED)
async def test_every_endpoint_reaches_every_tier(tiers: Tiers, method: str, text: str, tier: str) -> None:
    llm = tiers()
    response = (await responses_of(llm, method, text))[-1]
    record = response.additional_kwargs["routellm"]
    assert (record["route"], record["reason"]) == (tier, "score")
    assert json.loads(json.dumps(record)) == record
    said = response.message.content if "chat" in method else response.text
    assert said.startswith(f"[{MODELS[tier]}]")
    stats = llm.routing_stats()
    assert {name: each.calls for name, each in stats.tiers.items()} == {n: int(n == tier) for n in NAMES}
    assert stats.tiers[tier].tokens.output > 0
    assert llm.route(text).route == tier


@pytest.mark.parametrize("method", WITH_TOOLS)
async def test_tools_reach_the_tier_and_a_lack_passes_them_up(tiers: Tiers, method: str) -> None:
    llm = tiers(tier_lacks={"mini": {"tools"}})
    for text, tier in ((EASY, "nano"), (MIDDLING, "mini"), (HARD, "full")):
        response = await last_response(llm, method, TOOLS, user_msg=f"{text} Multiply 3 by 4.")
        # What the user says of tools counts where an engine asks for them.
        assert response.additional_kwargs["routellm"]["route"] == ("full" if tier == "mini" else tier)
        assert llm.get_tool_calls_from_response(response)[0].tool_name == "multiply"


@pytest.mark.parametrize("method", ["predict", "apredict", "stream", "astream"])
async def test_templates_are_scored_by_tier(tiers: Tiers, method: str) -> None:
    llm = tiers()
    assert "[gpt-4o-mini]" in await result_of(llm, method, PROMPT, city="middling Oslo")
    assert [each.calls for each in llm.routing_stats().tiers.values()] == [0, 1, 0]


@pytest.mark.parametrize("method", ["structured_predict", "astructured_predict"])
async def test_objects_come_from_the_tier(tiers: Tiers, method: str) -> None:
    llm = tiers()
    assert isinstance(await result_of(llm, method, City, PROMPT, city="middling Oslo"), City)
    assert [each.calls for each in llm.routing_stats().tiers.values()] == [0, 1, 0]


@pytest.mark.parametrize("failing", [("nano",), ("nano", "mini")])
@pytest.mark.parametrize("method", ENDPOINTS)
async def test_escalation_goes_one_tier_up_at_a_time(
    tiers: Tiers, stand_in: StandInServer, method: str, failing: tuple[str, ...]
) -> None:
    llm = tiers(escalate_on=RateLimitError, prices=PRICES)
    for tier in failing:
        stand_in.fail_next(MODELS[tier], 429)
    response = (await responses_of(llm, method, EASY))[-1]
    asked = NAMES[: len(failing) + 1]
    assert response.additional_kwargs["routellm"]["route"] == asked[-1]
    assert response.additional_kwargs["routellm"]["reason"] == "escalated"
    assert stand_in.calls() == {MODELS[tier]: 1 for tier in asked}
    stats = llm.routing_stats()
    assert (stats.requests, stats.escalations) == (1, len(failing))


@pytest.mark.parametrize("method", ENDPOINTS)
async def test_two_rejected_answers_are_never_shown(tiers: Tiers, method: str) -> None:
    llm = tiers(escalate_if=lambda answer: "gpt-strong" not in str(answer), prices=PRICES)
    responses = await responses_of(llm, method, EASY)
    shown = " ".join(str(response) for response in responses)
    assert "[gpt-strong]" in shown
    assert "gpt-weak" not in shown
    assert "gpt-4o-mini" not in shown
    stats = llm.routing_stats()
    assert [each.tokens.output > 0 for each in stats.tiers.values()] == [True] * 3
    # What they took is no part of what strong alone would have cost.
    assert stats.always_strong_cost == pytest.approx(stats.tiers["full"].cost)


async def test_prices_are_each_tiers_own_in_statistics_and_log(tiers: Tiers, tmp_path: Path) -> None:
    log = tmp_path / "decisions.jsonl"
    llm = tiers(prices=PRICES, decision_log=log)
    for text, _ in ASKED:
        llm.complete(text)
    stats = llm.routing_stats()
    for name, each in stats.tiers.items():
        tokens = each.tokens.input + each.tokens.output
        assert each.cost == pytest.approx(tokens * PRICES[name]["input"] / 1e6)
    assert stats.cost == pytest.approx(sum(each.cost or 0.0 for each in stats.tiers.values()))
    llm.decision_log.flush()  # type: ignore[union-attr]  # an open log in the place of the file's name
    rows = list(read_decisions(log))
    assert [row["route"] for row in rows] == list(NAMES)
    assert rows[0]["models"] == {tier: MODELS[tier] for tier in reversed(NAMES)}


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
async def test_an_agent_stays_on_its_tier(tiers: Tiers) -> None:
    llm = tiers()
    agent = FunctionAgent(tools=TOOLS, llm=llm, streaming=False)
    await agent.run("Multiply 3 by 4, of middling size.")
    calls = {name: each.calls for name, each in llm.routing_stats().tiers.items()}
    assert calls["mini"] >= 2
    assert calls["nano"] == calls["full"] == 0


def test_a_conversation_does_not_go_below_a_tier_that_answered_it(tiers: Tiers) -> None:
    llm = tiers(sticky="conversation")
    history: list[ChatMessage] = []
    routes = []
    with routing(thread_id="one"):
        for text in (EASY, MIDDLING, "Name the capital city of Norway.", HARD, "Name the capital of Peru."):
            history.append(ChatMessage(text))
            response = llm.chat(history)
            history.append(response.message)
            routes.append(response.additional_kwargs["routellm"]["route"])
    assert routes == ["nano", "mini", "mini", "full", "full"]
    assert llm.routing_stats().switches == 2


def test_a_block_may_name_a_tier_and_the_kill_switch_works(tiers: Tiers) -> None:
    llm = tiers(no_text_route="mini")
    for name, route in [*zip(NAMES, NAMES, strict=True), ("weak", "nano"), ("strong", "full")]:
        with routing(route=name):
            assert llm.complete(EASY).additional_kwargs["routellm"]["route"] == route
    with routing(threshold=0.05):
        assert llm.route(EASY).route == "full"
    with (
        routing(route="medium"),
        pytest.raises(ValueError, match="is 'medium', expected 'full', 'mini' or 'nano'"),
    ):
        llm.complete(EASY)
    llm.threshold = 0.0
    assert llm.route(EASY).route == "full"
    llm.thresholds = (0.05, 0.7)
    assert (llm.threshold, llm.route(EASY).route) == (None, "mini")
    with pytest.raises(ValueError, match="tier_names can't be changed"):
        llm.tier_names = ("a", "b", "c")
    with pytest.raises(ValueError, match="between holds 0"):
        llm.between = []


def test_shares_hold_for_each_tier(tiers: Tiers) -> None:
    llm = tiers(router="random", shares=[0.5, 0.3, 0.2])
    from routellm_core import RoutingRequest

    decide = llm.switchboard.dispatcher.decide
    routes = Counter(decide(RoutingRequest(f"a prompt of number {n}")).route for n in range(2_000))
    assert [routes[name] / 2_000 for name in NAMES] == pytest.approx([0.5, 0.3, 0.2], abs=0.03)


def test_copies_and_dictionaries_are_the_same_router(tiers: Tiers, stand_in: StandInServer) -> None:
    llm = tiers(router="random", prices=PRICES, tier_lacks={"mini": {"image"}})
    said = llm.to_dict()
    assert "sk-test-key" not in json.dumps(said) + repr(llm)
    host = stand_in.openai_url.split("/")[2]
    made = RouteLLM.from_dict(json.loads(json.dumps(said)), allow_hosts=[host])
    ours = ("tier_names", "thresholds", "shares", "tier_lacks", "prices", "router")
    assert [made.to_dict()[name] for name in ours] == [said[name] for name in ours]
    assert [model.metadata.model_name for model in made.models.values()] == list(MODELS.values())[::-1]
    assert RouteLLM.from_dict(said, allow_hosts=[host], shares=[0.2, 0.3, 0.5]).shares == (0.2, 0.3, 0.5)
    for copied in (llm.model_copy(update={"temperature": 0.3}), pickle.loads(pickle.dumps(llm))):
        assert tuple(copied.tier_names) == NAMES
        with routing(route="mini"):
            assert copied.models["mini"].metadata.model_name == "gpt-4o-mini"
    assert llm.model_copy(update={"temperature": 0.3}).models["mini"].temperature == 0.3
    assert repr(llm).startswith("RouteLLM(full='OpenAILike(gpt-strong)', mini='OpenAILike(gpt-4o-mini)'")


def test_a_callback_manager_reaches_every_tier(tiers: Tiers) -> None:
    handler = TokenCountingHandler(tokenizer=str.split)
    llm = tiers()
    llm.callback_manager = CallbackManager([handler])
    for text, _ in ASKED:
        llm.complete(text)
    assert len(handler.llm_token_counts) == 3


def test_what_is_no_tier_is_refused(openai_like: Callable[..., Any]) -> None:
    model, other = openai_like("gpt-4o"), openai_like("gpt-4o-mini")
    make: Any = RouteLLM.from_tiers
    with pytest.raises(ValueError, match="tiers holds 1, expected two or more"):
        make([("one", model)], shares=[1.0])
    with pytest.raises(ValueError, match="two tiers are named 'a'"):
        make([("a", model), ("a", other)], shares=[0.5, 0.5])
    with pytest.raises(ValueError, match="between is int, expected an LLM"):
        make([("a", model), ("b", 1), ("c", other)], shares=[0.5, 0.3, 0.2])
    with pytest.raises(ValueError, match="exactly one of shares="):
        make([("a", other), ("b", model), ("c", other)])
