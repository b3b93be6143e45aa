"""Settings: checked by name at construction and assignment, and used as on a plain model."""

from __future__ import annotations

import copy
import math
import pickle
import re
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("llama_index.core", reason="llama-index-core is not installed")
pytest.importorskip("llama_index.llms.openai", reason="llama-index-llms-openai is not installed")

from llama_index.core.base.llms.types import ChatMessage
from llama_index.core.llms.function_calling import FunctionCallingLLM
from llama_index.core.llms.mock import MockLLM
from llama_index.llms.openai import OpenAI

from llamaindex_routellm import RouteLLM
from routellm_core import load_router
from routellm_core.calibration.record import Calibration, CalibrationWarning
from routellm_core.pair.pair_check import PairWarning
from routellm_core.routing.drift import DRIFT_CALLS, ScoreDriftWarning
from routellm_core.routing.prices import Price, Prices

from examples.stand_in import StandInServer
from tests.llamaindex.provider_classes import anthropic_class
from tests.routers import FixedRouter, KeywordRouter


def mock_pair(**settings: Any) -> RouteLLM:
    given = {"strong": MockLLM(), "weak": MockLLM(), "router": FixedRouter(0.4), "threshold": 0.5}
    return RouteLLM(**{**given, **settings})


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"strong": None}, ["strong is missing", "OpenAI(model=...)"]),
        ({"weak": None}, ["weak is missing"]),
        ({"weak": "gpt-4o-mini"}, ["weak is str", "expected an LLM"]),
        ({"strong": object()}, ["strong is object", "expected an LLM"]),
        ({"threshold": 1.5}, ["threshold is 1.5", "[0, 1]"]),
        ({"threshold": math.nan}, ["threshold is nan", "[0, 1]"]),
        ({"threshold": "high"}, ["threshold is 'high'", "[0, 1]"]),
        ({"threshold": None}, ["strong_share=", "threshold=", "from_calibration"]),
        ({"strong_share": 0.3}, ["strong_share=", "threshold=", "from_calibration", "both"]),
        ({"threshold": None, "strong_share": 2}, ["strong_share is 2", "[0, 1]"]),
        ({"threshold": None, "strong_share": 0.3}, ["quantiles", "threshold="]),
        ({"router": "no-such-router"}, ["no-such-router"]),
        ({"router": 3}, ["router is int", "Router"]),
        ({"no_text_route": "medium"}, ["no_text_route is 'medium'", "weak"]),
        ({"on_router_error": "ignore"}, ["on_router_error is 'ignore'", "raise"]),
        ({"mode": "silent"}, ["mode is 'silent'", "shadow"]),
        ({"context_window": "max"}, ["context_window is 'max'", "min"]),
        ({"function_calling": True}, ["function_calling is True", "both"]),
        ({"escalate_on": "anything"}, ["escalate_on", "'anything'", "parse_error"]),
        ({"escalate_strong_on": (int,)}, ["escalate_strong_on", "int"]),
        ({"escalate_if": "yes"}, ["escalate_if is 'yes'"]),
        ({"weak_lacks": {"humour"}}, ["weak_lacks", "humour", "tools"]),
        ({"strong_lacks": "tools"}, ["strong_lacks", "tools"]),
        ({"prices": {"strong": 1}}, ["prices"]),
        ({"model": "gpt-4o"}, ["model='gpt-4o' is one model, and RouteLLM takes two: give strong="]),
        ({"model": "gpt-4o", "strong": None}, ["model='gpt-4o' is one model"]),
        ({"treshold": 0.5}, ["treshold is not a setting of RouteLLM", "threshold?"]),
        ({"temperature": 0.5}, ["temperature is not a setting", "OpenAI(temperature=...)"]),
    ],
)
def test_what_is_wrong_is_named(settings: dict[str, Any], words: list[str]) -> None:
    with pytest.raises(ValueError, match=re.escape(words[0])) as error:
        mock_pair(**settings)
    for word in words:
        assert word in str(error.value)


def test_wrong_assignments_change_nothing() -> None:
    llm = mock_pair()
    wrong = {"threshold": 7, "weak": "gpt", "mode": "loud", "router": None}
    for name, value in wrong.items():
        with pytest.raises(ValueError, match=name):
            setattr(llm, name, value)
    assert (llm.threshold, llm.mode, type(llm.weak)) == (0.5, "route", MockLLM)
    assert llm.route("a question").route == "weak"


def test_assignments_count_from_the_next_call_on() -> None:
    llm = mock_pair()
    llm.threshold = 0.3
    assert llm.route("a question").route == "strong"
    llm.router = KeywordRouter("hard")
    assert llm.route("a question").route == "weak"
    llm.mode = "shadow"
    assert llm.route("a question").shadow_route == "weak"
    llm.router.score_quantiles = np.linspace(0, 1, 101)
    llm.strong_share = 0.25
    assert (llm.threshold, llm.route("a question").threshold) == (None, pytest.approx(0.75, abs=0.02))
    llm.threshold = 0.5
    assert llm.strong_share is None
    other = MockLLM()
    llm.strong = other
    assert llm.strong is other


def test_strong_share_takes_the_routers_quantiles() -> None:
    router = FixedRouter(0.4)
    router.score_quantiles = np.linspace(0, 1, 101)
    llm = mock_pair(router=router, threshold=None, strong_share=0.3)
    assert (llm.threshold, llm.route("a question").threshold) == (None, pytest.approx(0.7, abs=0.02))
    assert llm.routing_stats().asked_share == 0.3


def test_from_calibration(tmp_path: Path) -> None:
    path = tmp_path / "calibration.json"
    Calibration(router="random", threshold=0.7, strong_share=0.3, prompts=100).save(path)
    llm = RouteLLM.from_calibration(path, strong=MockLLM(), weak=MockLLM(), mode="shadow")
    assert (llm.threshold, llm.router.name, llm.mode) == (0.7, "random", "shadow")
    assert llm.routing_stats().asked_share == 0.3
    with pytest.raises(ValueError, match="strong_share is given"):
        RouteLLM.from_calibration(path, strong=MockLLM(), weak=MockLLM(), strong_share=0.3)


def test_a_calibration_is_held_against_what_it_is_used_for(tmp_path: Path) -> None:
    path = tmp_path / "calibration.json"
    router = load_router("random")
    kept = {"fingerprint": router.fingerprint, "strong": "gpt-4o", "weak": "my-own"}
    Calibration("random", 0.7, 0.3, **kept).save(path)
    strong, weak = OpenAI("gpt-4o", api_key="k"), OpenAI("my-own", api_key="k")

    RouteLLM.from_calibration(path, strong=strong, weak=weak)
    # a model that does not tell its name is not held against another
    RouteLLM.from_calibration(path, strong=strong, weak=MockLLM())
    with pytest.warns(CalibrationWarning, match="made for weak model 'my-own', and weak is 'gpt-4o'"):
        RouteLLM.from_calibration(path, strong=strong, weak=OpenAI("gpt-4o", api_key="k"))
    with pytest.raises(ValueError, match="made with a different router"):
        RouteLLM.from_calibration(path, strong=strong, weak=weak, router=load_router("random", seed=7))


def test_traffic_that_left_the_calibrated_scores_is_warned_of(tmp_path: Path) -> None:
    path = tmp_path / "calibration.json"
    Calibration("x", 0.5, score_quantiles=(0.1,) * 101).save(path)
    llm = RouteLLM.from_calibration(path, strong=MockLLM(), weak=MockLLM(), router=KeywordRouter("hard"))
    copy_of_it = llm.model_copy()
    with pytest.warns(ScoreDriftWarning, match="does not cover this traffic"):
        _ = [copy_of_it.complete(f"a hard question, number {number}") for number in range(DRIFT_CALLS)]
    assert copy_of_it.routing_stats().score_shift == 1.0
    copy_of_it.threshold = 0.4
    assert copy_of_it.routing_stats().score_shift is None


def test_copies_count_for_themselves() -> None:
    llm = mock_pair()
    llm.complete("a question")
    for other in (llm.model_copy(), copy.deepcopy(llm), llm.model_copy(update={"threshold": 0.3})):
        assert other.routing_stats().requests == 0
        other.complete("another")
    assert llm.routing_stats().requests == 1
    assert llm.threshold == 0.5
    assert llm.model_copy(update={"threshold": 0.3}).route("a question").route == "strong"
    with pytest.raises(ValueError, match="threshold is 3"):
        llm.model_copy(update={"threshold": 3})


def test_the_older_copy_is_a_copy_of_its_own() -> None:
    llm = mock_pair()
    llm.complete("a question")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        copied = llm.copy(update={"threshold": 0.05})
        assert copied.route("a question").route == "strong"
        assert (copied.routing_stats().requests, llm.route("a question").route) == (0, "weak")
        with pytest.raises(ValueError, match="a pair is copied whole"):
            llm.copy(exclude={"weak"})


def test_a_setting_of_the_models_is_set_on_copies_of_both() -> None:
    strong, weak = OpenAI("gpt-4o", api_key="k"), OpenAI("gpt-4o-mini", api_key="k")
    llm = mock_pair(strong=strong, weak=weak)
    copied = llm.model_copy(update={"temperature": 0.8, "threshold": 0.3})
    assert [model.temperature for model in (copied.strong, copied.weak, strong, weak)] == [0.8, 0.8, 0.1, 0.1]
    assert copied.threshold == 0.3
    assert copied.strong._client is strong._client
    with pytest.raises(
        ValueError, match="colour is neither a setting of the pair nor of the strong model, Open"
    ):
        llm.model_copy(update={"colour": "red"})


def test_a_pair_is_made_again_from_its_fields() -> None:
    llm = RouteLLM(strong=MockLLM(), weak=MockLLM(), router="random", strong_share=0.3)
    again = RouteLLM(**{name: getattr(llm, name) for name in type(llm).model_fields})
    assert (again.strong_share, again.threshold) == (0.3, None)
    assert again.route("a question").threshold == llm.route("a question").threshold
    for other in (pickle.loads(pickle.dumps(llm)), copy.deepcopy(llm), llm.model_copy()):
        other.threshold = 0.5
        assert (other.strong_share, other.route("a question").threshold) == (None, 0.5)


def test_list_prices_serve_by_name() -> None:
    named = {"strong": OpenAI("gpt-4o", api_key="k"), "weak": OpenAI("gpt-4o-mini", api_key="k")}
    llm = mock_pair(**named, prices="list")
    assert llm.prices == Prices(Price(2.5, 10, 1.25), Price(0.15, 0.6, 0.075))
    llm.prices = None
    llm.prices = "list"
    assert llm.prices.weak.output == 0.6
    with pytest.raises(ValueError, match=r"the model has no name \(strong\)"):
        mock_pair(prices="list")


def test_slips_in_a_pair_are_said_when_it_is_made() -> None:
    mock, cheap, capable = (
        MockLLM(),
        OpenAI("gpt-4o-mini", api_key="k"),
        OpenAI("gpt-4o", api_key="k"),
    )
    with pytest.warns(PairWarning, match="the same model"):
        mock_pair(strong=mock, weak=mock)
    with pytest.warns(PairWarning, match=r"by list price \(gpt-4o-mini, gpt-4o\)"):
        mock_pair(strong=cheap, weak=capable)
    prices = {"strong": {"input": 1, "output": 1}, "weak": {"input": 2, "output": 2}}
    with pytest.warns(PairWarning, match="by prices=: are the sides swapped"):
        mock_pair(prices=prices)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        mock_pair(strong=capable, weak=cheap)


def test_a_system_prompt_has_the_role_that_both_models_take() -> None:
    new, old = OpenAI("gpt-4o", api_key="k"), OpenAI("o1-mini", api_key="k")
    assert old.metadata.system_role == "user"
    for strong, weak in ((new, old), (old, new)):
        assert mock_pair(strong=strong, weak=weak).metadata.system_role == "user"
    assert mock_pair(strong=new, weak=new.model_copy()).metadata.system_role == "system"


def test_the_default_router_is_the_default() -> None:
    llm = RouteLLM(strong=MockLLM(), weak=MockLLM(), strong_share=0.3)
    assert llm.router.name == "default"
    assert llm.route("Hello, how are you?").route == "weak"
    assert llm.route("Hello, how are you?").score is not None


def test_route_takes_every_form_and_counts_nothing(pair: Callable[..., Any]) -> None:
    from llama_index.core.prompts import PromptTemplate

    llm = pair()
    assert llm.route("a hard one").route == "strong"
    assert llm.route([ChatMessage("a hard one")]).route == "strong"
    template = PromptTemplate("hard {context_str} {query_str}")
    assert llm.route(template, query_str="an easy one", context_str="hard").route == "weak"
    assert llm.routing_stats().requests == 0


def test_no_text(pair: Callable[..., Any], stand_in: StandInServer) -> None:
    for side in ("strong", "weak"):
        decision = pair(no_text_route=side).route([ChatMessage(role="system", content="Be kind.")])
        assert (decision.route, decision.reason, decision.score) == (side, "no_text", None)


@pytest.mark.parametrize("text", ["\ud800", "\x00\x01", "𝔘𝔫𝔦𝔠𝔬𝔡𝔢", "a" * 1_000_000, " "])
def test_odd_texts_are_routed(text: str) -> None:
    assert mock_pair(router="default").route(text).route in ("strong", "weak")


def test_a_router_is_no_side_of_another_one(pair: Callable[..., Any]) -> None:
    with pytest.raises(ValueError, match=r"weak is a RouteLLM, which routes itself: .*RouteLLM.from_tiers"):
        pair(weak=pair())


def test_a_mixed_pair_says_what_is_true_of_both(monkeypatch: pytest.MonkeyPatch) -> None:
    claude = anthropic_class(monkeypatch)(model="claude-haiku-4-5", api_key="k")
    llm = mock_pair(strong=OpenAI("gpt-4o", api_key="k"), weak=claude)
    metadata = llm.metadata
    assert metadata.model_name == "routellm(gpt-4o|claude-haiku-4-5)"
    assert metadata.context_window == 128_000
    assert (metadata.is_function_calling_model, metadata.is_chat_model) == (True, True)
    assert (metadata.system_role, llm.class_name()) == ("system", "RouteLLM")
    assert isinstance(llm, FunctionCallingLLM)
    small = mock_pair(strong=claude, weak=OpenAI("gpt-4o-mini", api_key="k"), context_window="strong")
    assert small.metadata.context_window == claude.metadata.context_window
