"""Serialization: plain values without keys and back, pickles that keep the scorer, texts without secrets."""

from __future__ import annotations

import json
import pickle
from collections.abc import Callable
from typing import Any

import pytest

pytest.importorskip("llama_index.core", reason="llama-index-core is not installed")
pytest.importorskip("llama_index.llms.openai", reason="llama-index-llms-openai is not installed")

from llama_index.core.llms import LLM
from llama_index.core.llms.mock import MockLLM
from llama_index.llms.openai import OpenAI
from llama_index.llms.openai_like import OpenAILike

from llamaindex_routellm import RouteLLM, serialization
from routellm_core import Router

from tests.routers import FixedRouter, KeywordRouter

SECRET = "sk-very-secret-0123456789"


def secretive(**settings: Any) -> RouteLLM:
    given = {
        "strong": OpenAI(
            model="gpt-4o", api_key=SECRET, default_headers={"Authorization": f"Bearer {SECRET}"}
        ),
        "weak": OpenAILike(model="small", api_key=SECRET, context_window=5_000, max_tokens=77),
        "router": "random",
        "threshold": 0.5,
    }
    return RouteLLM(**{**given, **settings})


def test_no_secret_is_shown() -> None:
    llm = secretive()
    for text in (repr(llm), str(llm), str(llm.to_dict()), llm.to_json(), llm.json(), str(llm.to_payload())):
        assert SECRET not in text
    assert "gpt-4o" in repr(llm)
    assert llm.strong.api_key == SECRET


def test_there_and_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-from-the-environment")
    prices = {"strong": {"input": 2.5, "output": 10.0}, "weak": {"input": 0.15, "output": 0.6}}
    llm = secretive(
        mode="shadow", weak_lacks={"tools"}, prices=prices, no_text_route="weak", context_window="strong"
    )
    assert RouteLLM.class_name() == "RouteLLM"
    data = json.loads(json.dumps(llm.to_dict()))
    before = json.loads(json.dumps(data))
    back = RouteLLM.from_dict(data)
    assert data == before
    assert type(back.strong) is OpenAI
    assert type(back.weak) is OpenAILike
    assert (back.weak.context_window, back.weak.max_tokens) == (5_000, 77)
    assert back.strong.api_key == "sk-from-the-environment"
    assert back.to_dict() == llm.to_dict()
    assert (back.prices, back.weak_lacks, back.router.name) == (llm.prices, llm.weak_lacks, "random")
    assert RouteLLM.from_json(llm.to_json()).threshold == 0.5


def test_overrides_beat_what_is_stored() -> None:
    data = secretive(router="default", threshold=None, strong_share=0.3).to_dict()
    assert data["threshold"] is None
    back = RouteLLM.from_dict(data, strong=MockLLM(), threshold=0.9, router=FixedRouter(0.95))
    assert (back.threshold, back.strong_share) == (0.9, None)
    assert back.route("anything").route == "strong"
    again = RouteLLM.from_dict(data, strong=MockLLM(), weak=MockLLM())
    assert again.strong_share == 0.3
    assert again.router.name == "default"


def test_what_cannot_be_found_again_says_what_to_give() -> None:
    with pytest.raises(ValueError, match=r"from_dict\(data, router=\.\.\.\)"):
        RouteLLM.from_dict(secretive(router=KeywordRouter("hard")).to_dict())
    data = secretive().to_dict()
    data["weak"] = {"class_name": "nobody_knows"}
    with pytest.raises(
        ValueError, match=r"weak is of the class 'nobody_knows'.*from_dict\(data, weak=\.\.\.\)"
    ):
        RouteLLM.from_dict(data)


def test_a_class_of_the_users_own_is_found_by_its_name() -> None:
    data = secretive(weak=OwnLLM(max_tokens=3)).to_dict()
    assert type(RouteLLM.from_dict(data).weak) is OwnLLM


class OwnLLM(MockLLM):
    """A user's own class."""

    @classmethod
    def class_name(cls) -> str:
        return "OwnLLM"


@pytest.mark.parametrize(
    ("where", "value", "named"),
    [
        ("api_base", "https://elsewhere.example/v1", r"elsewhere\.example:443 as its api_base"),
        ("api_base", " https://elsewhere.example/v1\n", "no plain address|elsewhere"),
        ("api_base", "http://localhost:8000/v1", r"localhost:8000 as its api_base"),
        ("api_base", "http://api.openai.com/v1", r"api\.openai\.com:80 as its api_base"),
        ("api_base", "https://api.openai.com@elsewhere.example/v1", "no plain address as its api_base"),
        ("api_base", "https://api.openai.com.elsewhere.example/v1", r"api\.openai\.com\.elsewhere\.example"),
        ("additional_kwargs", {"proxies": ["https://elsewhere.example"]}, "as its additional_kwargs"),
        (
            "additional_kwargs",
            {"baseUrl": "elsewhere.example:8000"},
            "no plain address as its additional_kwargs",
        ),
        ("api_base", "elsewhere.example:8000", "no plain address as its api_base"),
        ("api_base", "//elsewhere.example/v1", "no plain address as its api_base"),
    ],
)
def test_no_host_is_reached_because_data_say_so(
    monkeypatch: pytest.MonkeyPatch, where: str, value: Any, named: str
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", SECRET)
    data = secretive().to_dict()
    data["weak"] = {**data["weak"], where: value}
    with pytest.raises(ValueError, match=rf"^weak names .*{named}.*from_dict\(data, weak=\.\.\.\)") as caught:
        RouteLLM.from_dict(data)

    assert SECRET not in str(caught.value)
    assert RouteLLM.from_dict(data, weak=MockLLM()).route("a question")


@pytest.mark.parametrize(
    ("settings", "named"),
    [
        ({"api_key": "sk-of-somebody-else"}, "a secret as its api_key"),
        ({"default_headers": {"Authorization": "Bearer sk-of-somebody-else"}}, "secret as its Authorization"),
        (
            {"additional_kwargs": {"extra_headers": {"X-Api-Key": "of-somebody-else"}}},
            "secret as its X-Api-Key",
        ),
        ({"region": "evil.example/?"}, "'region', which is no setting of OpenAI"),
        ({"http_client": "x"}, "'http_client', which is no setting of OpenAI"),
    ],
)
def test_data_choose_no_account_and_no_argument_that_is_no_setting(
    settings: dict[str, Any], named: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-from-the-environment")
    data = json.loads(json.dumps(secretive().to_dict()))
    data["strong"] |= settings
    with pytest.raises(ValueError, match=named) as caught:
        RouteLLM.from_dict(data)
    assert "somebody-else" not in str(caught.value)
    assert RouteLLM.from_dict(data, strong=OpenAI("gpt-4o")).strong.api_key == "sk-from-the-environment"


def test_a_host_that_the_caller_allows_is_reached(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", SECRET)
    local = OpenAILike(
        model="small", api_base="http://localhost:8000/v1", default_headers={"Referer": "http://x"}
    )
    tiers = [("weak", MockLLM()), ("mini", local), ("strong", MockLLM())]
    data = RouteLLM.from_tiers(tiers, thresholds=(0.3, 0.7), router="random").to_dict()
    with pytest.raises(ValueError, match=r"localhost:8000.*allow_hosts=\['localhost:8000'\]"):
        RouteLLM.from_dict(data)

    for host in ("localhost", "localhost:8000"):
        again = RouteLLM.from_dict(data, allow_hosts=[host])
        assert again.models["mini"].api_base == "http://localhost:8000/v1"  # type: ignore[attr-defined]


@pytest.mark.parametrize("router", ["somebody/router", "mf"])
def test_no_router_is_fetched_because_data_say_so(monkeypatch: pytest.MonkeyPatch, router: str) -> None:
    fetched: list[str] = []

    def load(name: str) -> Any:
        fetched.append(name)
        return FixedRouter(0.5)

    monkeypatch.setattr(serialization, "load_router", load)
    data = {**secretive().to_dict(), "router": router}
    with pytest.raises(ValueError, match=rf"'{router}' on the Hugging Face Hub.*allow_hosts=\['huggingface"):
        RouteLLM.from_dict(data, strong=MockLLM(), weak=MockLLM())
    assert fetched == []

    RouteLLM.from_dict(data, strong=MockLLM(), weak=MockLLM(), allow_hosts=["huggingface.co"])
    assert fetched == [router]


@pytest.mark.parametrize("router", ["default", "random", KeywordRouter("hard")])
def test_a_pickle_keeps_the_scorer(router: Any) -> None:
    llm = RouteLLM(
        strong=MockLLM(), weak=OpenAI(model="gpt-4o-mini", api_key=SECRET), router=router, threshold=0.4
    )
    back = pickle.loads(pickle.dumps(llm))
    assert back.router.name == llm.router.name
    assert type(back.weak) is OpenAI
    assert back.route("a hard question, is it not?") == llm.route("a hard question, is it not?")


def test_a_pickle_keeps_the_share() -> None:
    llm = RouteLLM(strong=MockLLM(), weak=MockLLM(), strong_share=0.3)
    back = pickle.loads(pickle.dumps(llm))
    assert (back.strong_share, back.threshold) == (0.3, llm.threshold)


def test_a_scorer_that_cannot_be_pickled_is_not_lost_in_silence() -> None:
    class Unpicklable(Router):
        def score(self, prompts: Any) -> Any:
            raise NotImplementedError

    llm = RouteLLM(strong=MockLLM(), weak=MockLLM(), router=Unpicklable(), threshold=0.4)
    with pytest.raises(TypeError, match=r"router is .*Unpicklable.*can't be pickled"):
        pickle.dumps(llm)
    unsure = RouteLLM(strong=MockLLM(), weak=MockLLM(), threshold=0.4, escalate_if=lambda answer: True)
    with pytest.raises(TypeError, match="escalate_if"):
        pickle.dumps(unsure)
    assert unsure.escalate_if is not None


def test_hosts_take_it_for_a_model(pair: Callable[..., Any]) -> None:
    from llama_index.core.base.llms.base import BaseLLM
    from llama_index.core.llms.function_calling import FunctionCallingLLM
    from llama_index.core.llms.utils import resolve_llm

    names = [kind.__name__ for kind in RouteLLM.__mro__]
    assert BaseLLM.__name__ in names
    llm = pair()
    assert isinstance(llm, FunctionCallingLLM)
    assert isinstance(llm, LLM)
    assert resolve_llm(llm) is llm
