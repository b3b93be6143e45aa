"""Nothing that a pair shows of itself, and no error of its constructor, repeats a secret of its models."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from langchain_core.load import dumps, loads
from langchain_core.runnables import ConfigurableField, RunnableLambda
from langchain_openai import ChatOpenAI
from pydantic import ValidationError

from langchain_routellm import ChatRouteLLM
from routellm_core.checkpoints.redaction import MARK

from tests.langchain.conftest import Pair
from tests.langchain.recording import RecordingTracer
from tests.routers import FailingRouter
from tests.secretive import ADDRESS, BOUND, HEADERS, KEY, PASSWORD, secrets_in, told_by

pytestmark = pytest.mark.filterwarnings("ignore::langchain_core._api.LangChainBetaWarning")


def openai(**settings: Any) -> ChatOpenAI:
    given = {"model": "gpt-4o", "api_key": KEY, "base_url": ADDRESS, "default_headers": HEADERS}
    return ChatOpenAI(**{**given, **settings})


def anthropic() -> Any:
    module = pytest.importorskip("langchain_anthropic", reason="langchain-anthropic is not installed")
    return module.ChatAnthropic(model="claude-4", api_key=KEY, default_headers=HEADERS, base_url=ADDRESS)


MODELS: dict[str, Callable[[], Any]] = {
    "openai": openai,
    "anthropic": anthropic,
    "model_kwargs": lambda: openai(model_kwargs={"extra_headers": BOUND}),
    "fallbacks": lambda: openai().with_fallbacks([openai()]),
    "retry": lambda: openai().with_retry(),
    "configurable": lambda: openai().configurable_fields(temperature=ConfigurableField(id="t")),
    "bound": lambda: openai().bind(extra_headers=BOUND, api_key=KEY).with_config(tags=["a"]),
}

SCHEMA = {"title": "a", "type": "object", "properties": {}}
SHOWN: dict[str, Callable[[ChatRouteLLM], str]] = {
    "repr": repr,
    "str": str,
    "model_dump": lambda llm: str(llm.model_dump()),
    "model_dump_json": lambda llm: llm.model_dump_json(),
    "dumps": dumps,
    "dumps of a chain": lambda llm: dumps(llm | RunnableLambda(str)),
    "to_json": lambda llm: str(llm.to_json()),
    "cache key": lambda llm: llm._get_llm_string(stop=["x"]),
    "identity": lambda llm: str(llm._identifying_params),
    "asdict": lambda llm: str(getattr(llm, "asdict", llm.dict)()),
    "tracers": lambda llm: str(llm._get_ls_params()) + str(llm.metadata) + str(llm._serialized),
    "graph": lambda llm: str(llm.get_graph().to_json()) + llm.get_graph().draw_mermaid(),
    "bound": lambda llm: repr(llm.bind(stop=["x"])),
    "tools": lambda llm: repr(llm.bind_tools([])),
    "structured": lambda llm: repr(llm.with_structured_output(SCHEMA)),
    "switchboard": lambda llm: repr(llm.switchboard),
    "decision": lambda llm: repr(llm.route("a question")),
}


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.filterwarnings("ignore::routellm_core.pair.pair_check.PairWarning")
def test_no_secret_is_shown(model: str) -> None:
    llm = ChatRouteLLM(strong=MODELS[model](), weak=MODELS[model](), router="random", threshold=0.5)

    assert {way: found for way, show in SHOWN.items() if (found := secrets_in(show(llm)))} == {}


def test_the_models_keep_theirs() -> None:
    llm = ChatRouteLLM(strong=openai(), weak=openai(), router="random", threshold=0.5)
    dumps(llm)

    assert llm.strong.default_headers == HEADERS
    assert llm.strong.openai_api_base == ADDRESS


def test_what_is_left_after_dumps_makes_the_pair_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    headers = {"Referer": "https://example.com", **HEADERS}
    llm = ChatRouteLLM(strong=openai(default_headers=headers), weak=openai(), router="random", threshold=0.5)
    again = loads(
        dumps(llm),
        allowed_objects=[ChatRouteLLM, ChatOpenAI],
        valid_namespaces=["langchain_routellm"],
        secrets_from_env=True,
    )

    assert again.strong.default_headers == {"Referer": "https://example.com"}
    assert again.strong.openai_api_base == "https://example.com/v1?team=a"
    assert again.strong.openai_api_key.get_secret_value() == KEY


STRINGS = {
    "strong": "openai:gpt-4o",
    "weak": "openai:gpt-4o-mini",
    "api_key": KEY,
    "default_headers": HEADERS,
}
WRONG: dict[str, dict[str, Any]] = {
    "share": {**STRINGS, "strong_share": 9},
    "no threshold": STRINGS,
    "no number": {**STRINGS, "threshold": "much"},
    "the models' own": {**STRINGS, "threshold": 0.5, "temperature": "hot"},
    "no model": {**STRINGS, "weak": None, "threshold": 0.5},
    "one model": {"model": KEY, "threshold": 0.5},
    "a function": {**STRINGS, "threshold": 0.5, "escalate_if": KEY},
    "a dictionary": {**STRINGS, "strong": {"api_key": KEY}, "threshold": 0.5},
    "an address": {**STRINGS, "threshold": 0.5, "router": ADDRESS},
    "a database": {**STRINGS, "threshold": 0.5, "decision_log": f"postgres://me:{PASSWORD}@host/db"},
    "unknown": {"strong": openai(), "weak": openai(), "threshold": 0.5, "api_kee": KEY},
    "a price": {**STRINGS, "threshold": 0.5, "prices": {"strong": KEY}},
}


@pytest.mark.parametrize("case", WRONG)
def test_no_error_of_the_constructor_repeats_one(case: str) -> None:
    if any(isinstance(WRONG[case].get(side), str) for side in ("strong", "weak")):
        pytest.importorskip("langchain", reason="langchain is not installed")

    with pytest.raises(ValueError, match=r".") as caught:
        ChatRouteLLM(**WRONG[case])

    assert secrets_in(told_by(caught.value)) == []


@pytest.mark.parametrize("case", ["share", "no threshold"])
def test_structured_errors_do_not_hold_the_models_arguments(case: str) -> None:
    pytest.importorskip("langchain", reason="langchain is not installed")
    with pytest.raises(ValidationError) as caught:
        ChatRouteLLM(**WRONG[case])

    assert secrets_in(str(caught.value.errors()) + caught.value.json()) == []


def test_the_router_that_fails_is_named_without_its_error(
    pair: Pair, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG, "routellm"), pytest.warns(UserWarning, match="failed") as warned:
        pair(router=FailingRouter()).invoke("a question")

    said = [*map(str, warned), *(record.getMessage() for record in caplog.records)]
    assert "sk-0123456789" not in "".join(said)


def test_traces_and_logged_decisions_hold_none(pair: Pair, tmp_path: Path) -> None:
    tracer = RecordingTracer()
    path = tmp_path / "decisions.jsonl"
    given = {"default_headers": HEADERS, "max_retries": 0, "api_key": KEY}
    url = pair().strong.openai_api_base
    llm = pair(
        strong=openai(base_url=url, **given),
        weak=openai(base_url=url, model="gpt-weak", **given),
        trace_routing=True,
        decision_log=path,
    )
    llm.invoke("a question", {"callbacks": [tracer]})
    assert llm.decision_log.flush()

    (own,) = [run for run in tracer.runs if run.run_type == "chain"]
    assert secrets_in(json.dumps([own.inputs, own.outputs, own.extra, own.serialized], default=str)) == []
    assert secrets_in(path.read_text("utf-8")) == []


def test_a_misplaced_key_is_marked() -> None:
    with pytest.raises(ValueError, match=f"model='{MARK.replace('*', '[*]')}' is one model"):
        ChatRouteLLM(**WRONG["one model"])
