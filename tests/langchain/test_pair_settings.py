"""What the constructor takes and refuses, copies and pickles, and what is shown of it."""

from __future__ import annotations

import copy
import json
import pickle
from typing import Any

import pytest
from langchain_core.language_models import FakeListChatModel
from langchain_core.load import dumpd
from langchain_core.runnables import ConfigurableField
from pydantic import BaseModel

from langchain_routellm import ChatRouteLLM
from routellm_core import RouterWarning, RoutingRequest, load_router
from routellm_core.pair.pair_check import PairWarning
from routellm_core.routing.drift import ShareDriftWarning
from routellm_core.routing.prices import Price, Prices

from examples.stand_in import StandInServer
from tests.langchain.conftest import Pair, chat_openai
from tests.routers import FixedRouter, KeywordRouter

NAN = float("nan")


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"threshold": None}, "exactly one of strong_share.*threshold.*from_calibration"),
        ({"strong_share": 0.3, "threshold": 0.5, "router": "random"}, "both threshold and strong_share"),
        ({"threshold": 1.5}, "threshold is 1.5, expected a number in"),
        ({"threshold": NAN}, "threshold is nan"),
        ({"threshold": "high"}, "threshold is 'high', expected a number in"),
        ({"threshold": "0.3"}, "threshold is '0.3', expected a number in"),
        ({"strong_share": "0.3", "router": "default"}, "strong_share is '0.3', expected a number in"),
        ({"strong_share": True, "router": "default"}, "strong_share is True, expected a number in"),
        ({"strong_share": -0.1, "router": "random"}, "strong_share is -0.1"),
        ({"strong_share": 0.3}, "'KeywordRouter' ships no score quantiles"),
        ({"router": 7}, "router is int"),
        ({"router": "nope"}, "unknown router 'nope'"),
        ({"strong": None}, "strong is missing"),
        ({"weak": None}, "weak is missing"),
        ({"weak": object()}, "weak is object, expected a chat model"),
        ({"mode": "dark"}, "mode is 'dark'"),
        ({"sticky": "always"}, "sticky is 'always'"),
        ({"sticky": True}, "sticky is True, expected one of"),
        ({"housekeeping_route": "no"}, "housekeeping_route is 'no'"),
        ({"no_text_route": "medium"}, "no_text_route is 'medium'"),
        ({"on_router_error": "ignore"}, "on_router_error is 'ignore'"),
        ({"escalate_on": ["rate_limit"]}, "escalate_on holds 'rate_limit'"),
        ({"escalate_strong_on": "parse_error"}, "escalate_strong_on holds 'parse_error'"),
        ({"escalate_if": "yes"}, "escalate_if"),
        ({"weak_lacks": {"arms"}}, "weak_lacks holds 'arms'"),
        ({"weak_lacks": "tools"}, "weak_lacks is 'tools'"),
        ({"prices": {"strong": {"input": 1, "output": 2}}}, "prices is"),
        (
            {"prices": {"strong": {"input": -1, "output": 2}, "weak": {"input": 1, "output": 2}}},
            "price input is -1",
        ),
        ({"model": "gpt-4o"}, "model='gpt-4o' is one model, and ChatRouteLLM takes two: give strong="),
        ({"model": "gpt-4o", "strong": None}, "model='gpt-4o' is one model"),
        ({"temperature": 0}, "temperature: not a setting of ChatRouteLLM. Give it to the models"),
        ({"strongshare": 0.3}, "strongshare: not a setting of ChatRouteLLM; did you mean strong_share?"),
        (
            {"streaming": True, "weak": FakeListChatModel(responses=["a"])},
            "streaming is given, but the weak model",
        ),
    ],
)
def test_what_is_wrong_is_named(pair: Pair, settings: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        pair(**settings)


def test_models_named_as_strings_get_the_other_arguments(stand_in: StandInServer) -> None:
    pytest.importorskip("langchain", reason="langchain is not installed")
    llm = ChatRouteLLM(
        strong="openai:gpt-strong",
        weak=chat_openai(stand_in, "gpt-weak"),
        threshold=0.5,
        router=FixedRouter(1.0),
        base_url=stand_in.openai_url,
        api_key="test-key",
        temperature=0.25,
    )
    llm.invoke("a question")
    assert stand_in.bodies("gpt-strong")[0]["temperature"] == 0.25


def test_settings_can_be_changed_and_are_checked_again(pair: Pair) -> None:
    llm = pair()
    llm.threshold = 0.05
    assert llm.route("easy").route == "strong"
    with pytest.raises(ValueError, match="threshold is 2"):
        llm.threshold = 2
    assert llm.threshold == 0.05
    llm.router = "random"
    llm.strong_share = 0.25
    assert llm.route("easy").threshold == pytest.approx(0.75, abs=0.01)
    llm.threshold = 0.5
    assert llm.strong_share is None
    llm.prices = {"strong": {"input": 1, "output": 1}, "weak": {"input": 1, "output": 1}}
    assert llm.routing_stats().cost == 0.0


def test_copies_are_checked_and_count_for_themselves(pair: Pair) -> None:
    llm = pair()
    llm.invoke("a question")
    other = llm.model_copy(update={"threshold": 0.05})
    assert (llm.route("easy").route, other.route("easy").route) == ("weak", "strong")
    assert (llm.routing_stats().requests, other.routing_stats().requests) == (1, 0)
    with pytest.raises(ValueError, match="threshold is 7"):
        llm.model_copy(update={"threshold": 7})


@pytest.mark.filterwarnings("ignore:The `copy` method is deprecated")
def test_every_kind_of_copy_routes_by_its_own_settings(pair: Pair) -> None:
    llm = pair()
    llm.invoke("easy")
    other = llm.copy(update={"threshold": 0.05})
    assert (llm.route("easy").route, other.route("easy").route) == ("weak", "strong")
    assert (llm.routing_stats().requests, other.routing_stats().requests) == (1, 0)
    with pytest.raises(ValueError, match="include and exclude"):
        llm.copy(exclude={"weak"})


def test_a_copy_passes_settings_of_the_models_on_to_both(pair: Pair, stand_in: StandInServer) -> None:
    bound = chat_openai(stand_in, "gpt-weak").bind(stop=["x"])
    llm = pair(weak=bound, router="random", strong_share=0.3)
    warmer = llm.model_copy(update={"temperature": 0.8})
    for side in ("weak", "strong"):
        warmer.invoke("a question", {"configurable": {"routellm_route": side}})
        assert stand_in.bodies(f"gpt-{side}")[-1]["temperature"] == 0.8
    assert stand_in.bodies("gpt-weak")[-1]["stop"] == ["x"]
    llm.invoke("a question", {"configurable": {"routellm_route": "weak"}})
    assert "temperature" not in stand_in.bodies("gpt-weak")[-1]
    assert (warmer.strong_share, warmer.threshold) == (0.3, None)
    with pytest.raises(ValueError, match="warmth is neither a setting of the pair nor of the strong model"):
        llm.model_copy(update={"warmth": 1})


def test_a_pair_that_saves_nothing_is_warned_of(pair: Pair, stand_in: StandInServer) -> None:
    model = chat_openai(stand_in, "gpt-strong")
    with pytest.warns(PairWarning, match="the same model"):
        pair(strong=model, weak=model)
    cheap, dear = {"input": 1, "output": 2}, {"input": 10, "output": 20}
    with pytest.warns(PairWarning, match="by prices=: are the sides swapped"):
        pair(prices={"strong": cheap, "weak": dear})
    pair(prices={"strong": dear, "weak": cheap})
    named = {"strong": chat_openai(stand_in, "gpt-4o-mini"), "weak": chat_openai(stand_in, "gpt-4o")}
    with pytest.warns(PairWarning, match=r"by list price \(gpt-4o-mini, gpt-4o\)"):
        pair(**named)


def test_list_prices_serve_by_name(pair: Pair, stand_in: StandInServer) -> None:
    named = {"strong": chat_openai(stand_in, "gpt-4o"), "weak": chat_openai(stand_in, "gpt-4o-mini")}
    llm = pair(**named, prices="list")
    assert llm.prices == Prices(Price(2.5, 10, 1.25), Price(0.15, 0.6, 0.075))
    llm.prices = None
    llm.prices = "list"
    assert llm.prices.weak.output == 0.6
    with pytest.raises(ValueError, match=r"'gpt-strong' has no list price \(strong\)"):
        pair(prices="list")


def test_deepcopy_and_pickle_as_far_as_the_inner_models_do() -> None:
    models = {"strong": FakeListChatModel(responses=["s"]), "weak": FakeListChatModel(responses=["w"])}
    llm = ChatRouteLLM(**models, threshold=0.5, router=KeywordRouter("hard"))
    llm.invoke("a question")
    for other in (copy.deepcopy(llm), copy.copy(llm), pickle.loads(pickle.dumps(llm))):
        assert other.invoke("a hard question").content == "s"
        assert other.invoke("an easy question").content == "w"
        assert other.threshold == 0.5


def test_no_key_is_shown(pair: Pair) -> None:
    llm = pair()
    answer = llm.invoke("a question")
    shown = [
        repr(llm),
        str(llm),
        json.dumps(dumpd(llm)),
        llm._get_llm_string(),
        repr(answer),
        repr(llm.switchboard),
    ]
    assert "test-key" not in "".join(shown)


def test_what_is_shown_of_it_begins_with_the_pair(pair: Pair) -> None:
    shown = repr(pair())
    assert shown.startswith("ChatRouteLLM(strong=ChatOpenAI(")
    assert shown.endswith("router='KeywordRouter', threshold=0.5)")


def test_versions_are_in_the_metadata(pair: Pair) -> None:
    assert set(pair().metadata["lc_versions"]) >= {"langchain-core", "routellm-plugins"}


def test_a_share_sets_the_threshold_and_is_watched(pair: Pair) -> None:
    llm = pair(router="random", strong_share=0.3)
    # what follows from a share is in the decisions, and no setting
    assert (llm.threshold, llm.strong_share) == (None, 0.3)
    assert llm.route("a question").threshold == pytest.approx(0.7, abs=0.01)
    assert llm.routing_stats().asked_share == 0.3
    llm.threshold = 0.0
    assert llm.invoke("a question").response_metadata["routellm"]["route"] == "strong"


@pytest.mark.parametrize("given", [{"strong_share": 0.3}, {"threshold": 0.7}])
def test_hosts_make_it_anew_from_its_fields(pair: Pair, given: dict[str, Any]) -> None:
    llm = pair(router="random", weak_lacks={"image"}, escalate_on=ValueError, **given)
    again = ChatRouteLLM(**{name: getattr(llm, name) for name in type(llm).model_fields})
    assert again.route("a question") == llm.route("a question")

    changed = llm.configurable_fields(
        mode=ConfigurableField(id="m"), **{name: ConfigurableField(id="how_much") for name in given}
    )
    shadowed: Any = {"configurable": {"m": "shadow"}}
    assert changed.invoke("a question", shadowed).response_metadata["routellm"]["shadow_route"]
    for how_much, route in ((0.0, "weak"), (1.0, "strong")):
        wanted = how_much if "strong_share" in given else 1.0 - how_much
        answer = changed.invoke("a question", {"configurable": {"how_much": wanted}})
        assert answer.response_metadata["routellm"]["route"] == route


@pytest.mark.parametrize("given", [{"strong_share": 0.3}, {"threshold": 0.5}])
def test_as_a_field_of_another_model_it_stays_what_it_is(pair: Pair, given: dict[str, Any]) -> None:
    class Holder(BaseModel):
        llm: ChatRouteLLM

    llm = pair(router="random", **given)
    threshold = llm.route("a question").threshold
    llm.invoke("a question")

    models = {"strong": FakeListChatModel(responses=["s"]), "weak": FakeListChatModel(responses=["w"])}
    for held in (llm, pickle.loads(pickle.dumps(ChatRouteLLM(**models, router="random", **given)))):
        assert Holder(llm=held).llm is held
    assert (llm.route("a question").threshold, llm.routing_stats().requests) == (threshold, 1)
    llm.invoke("another question")
    assert llm.routing_stats().requests == 2


def test_one_warning_when_the_share_is_missed(pair: Pair) -> None:
    router = FixedRouter(0.0)
    router.score_quantiles = load_router("random").score_quantiles
    llm = pair(router=router, strong_share=0.5, share_window=None)
    for number in range(199):
        llm.switchboard.dispatcher.decide(RoutingRequest(f"question {number}"))
    with pytest.warns(ShareDriftWarning, match="routellm calibrate") as caught:
        llm.batch([f"another question {number}" for number in range(50)])
    # Sockets of other tests may be collected meanwhile, with warnings of their own.
    assert [warning.category for warning in caught].count(ShareDriftWarning) == 1


def test_statistics_with_prices_and_cached_tokens(pair: Pair) -> None:
    prices = {
        "strong": {"input": 2.0, "output": 8.0, "cached_input": 0.5},
        "weak": {"input": 0.2, "output": 0.8},
    }
    llm = pair(prices=prices)
    prompt = "A hard question with a long prefix. " * 400
    for _ in range(2):
        llm.invoke(prompt)
    stats = llm.routing_stats()
    used = stats.strong.tokens
    assert used.cached_input > 0
    expected = (used.input - used.cached_input) * 2.0 + used.cached_input * 0.5 + used.output * 8.0
    assert stats.strong.cost == pytest.approx(expected / 1e6)
    json.dumps(stats.to_dict())
    llm.reset_routing_stats()
    assert llm.routing_stats().requests == 0
    assert RouterWarning
