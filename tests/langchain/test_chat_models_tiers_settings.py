"""Settings of three models: names, shares, copies, dumps, and what is refused."""

from __future__ import annotations

import copy
from collections import Counter
from typing import Any

import pytest
from langchain_core.load import dumps, loads
from langchain_core.messages import HumanMessage
from langchain_openai import ChatOpenAI
from pydantic import ValidationError

from langchain_routellm import ChatRouteLLM
from routellm_core.pair.pair_check import PairWarning

from examples.stand_in import StandInServer
from tests.langchain.conftest import chat_anthropic, chat_openai
from tests.langchain.three_tiers import EASY, MIDDLING, MODELS, NAMES, Tiers
from tests.routers import WordsRouter

pytestmark = pytest.mark.filterwarnings("ignore::langchain_core._api.LangChainBetaWarning")


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
    with pytest.raises(ValueError, match="tiers is not a list of names and models"):
        make([model, other], shares=[0.5, 0.5])
    with pytest.raises(ValidationError, match="two tiers are named 'a'"):
        make([("a", model), ("a", other)], shares=[0.5, 0.5])
    with pytest.raises(ValidationError, match="b is int, expected a chat model"):
        make([("a", model), ("b", 1), ("c", other)], shares=[0.5, 0.3, 0.2])
    with pytest.raises(ValidationError, match="exactly one of shares="):
        make([("a", other), ("b", model), ("c", other)])
    with pytest.warns(PairWarning, match="full and mini are the same model"):
        make([("mini", model), ("full", model)], thresholds=[0.5])
