"""Nothing that a pair shows of itself, and no error of its constructor, repeats a secret of its models."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

pytest.importorskip("llama_index.core", reason="llama-index-core is not installed")
pytest.importorskip("llama_index.llms.openai", reason="llama-index-llms-openai is not installed")

from llama_index.core.instrumentation import get_dispatcher
from llama_index.core.instrumentation.event_handlers import BaseEventHandler
from llama_index.core.instrumentation.events import BaseEvent
from llama_index.core.instrumentation.span_handlers import SimpleSpanHandler
from llama_index.core.llms import ChatMessage
from llama_index.llms.openai import OpenAI
from pydantic import BaseModel

from llamaindex_routellm import RouteLLM

from tests.secretive import ADDRESS, BOUND, HEADERS, KEY, PASSWORD, secrets_in, told_by


class City(BaseModel):
    """A city."""

    name: str


def openai(**settings: Any) -> OpenAI:
    given = {"model": "gpt-4o", "api_key": KEY, "api_base": ADDRESS, "default_headers": HEADERS}
    return OpenAI(**{**given, "additional_kwargs": {"extra_headers": BOUND}, **settings})


def anthropic() -> Any:
    module = pytest.importorskip("llama_index.llms.anthropic", reason="llama-index-llms-anthropic is missing")
    return module.Anthropic(model="claude-3-5-haiku-latest", api_key=KEY, default_headers=HEADERS)


def openai_like() -> Any:
    module = pytest.importorskip(
        "llama_index.llms.openai_like", reason="llama-index-llms-openai-like is missing"
    )
    return module.OpenAILike(model="x", api_key=KEY, api_base=ADDRESS, default_headers=HEADERS)


MODELS: dict[str, Callable[[], Any]] = {"openai": openai, "anthropic": anthropic, "openai_like": openai_like}

SHOWN: dict[str, Callable[[RouteLLM], str]] = {
    "repr": repr,
    "str": str,
    "model_dump": lambda llm: str(llm.model_dump()),
    "model_dump_json": lambda llm: llm.model_dump_json(),
    "to_dict": lambda llm: str(llm.to_dict()),
    "to_json": lambda llm: llm.to_json(),
    "dict": lambda llm: str(llm.dict()) + llm.json(),
    "metadata": lambda llm: repr(llm.metadata),
    "structured": lambda llm: repr(llm.as_structured_llm(City)),
    "switchboard": lambda llm: repr(llm.switchboard),
    "decision": lambda llm: repr(llm.route("a question")),
}


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.filterwarnings("ignore::routellm_core.pair.pair_check.PairWarning")
def test_no_secret_is_shown(model: str) -> None:
    llm = RouteLLM(strong=MODELS[model](), weak=MODELS[model](), router="random", threshold=0.5)

    assert {way: found for way, show in SHOWN.items() if (found := secrets_in(show(llm)))} == {}


WRONG: dict[str, dict[str, Any]] = {
    "threshold": {"threshold": 9},
    "no threshold": {},
    "unknown": {"threshold": 0.5, "api_key": KEY},
    "a flag": {"threshold": 0.5, "log_text": KEY},
    "a function": {"threshold": 0.5, "escalate_if": KEY},
    "a dictionary": {"threshold": 0.5, "strong": {"api_key": KEY}},
    "an address": {"threshold": 0.5, "router": ADDRESS},
    "a database": {"threshold": 0.5, "decision_log": f"postgres://me:{PASSWORD}@host/db"},
}


@pytest.mark.parametrize("case", WRONG)
def test_no_error_of_the_constructor_repeats_one(case: str) -> None:
    with pytest.raises(ValueError, match=r".") as caught:
        RouteLLM(**{"strong": openai(), "weak": openai(), **WRONG[case]})

    assert secrets_in(told_by(caught.value)) == []


def test_no_error_of_loading_repeats_one() -> None:
    data = RouteLLM(strong=openai(), weak=openai(), router="random", threshold=0.5).to_dict()
    wrong = [{**data, "threshold": 8}, {**data, "strong": {"class_name": "nobody", "api_key": KEY}}]
    for values in (*wrong, {**data, "router": ADDRESS}):
        with pytest.raises(ValueError, match=r".") as caught:
            RouteLLM.from_dict(values)
        assert secrets_in(told_by(caught.value)) == []


class Hearing(BaseEventHandler):
    """Keeps every event."""

    events: list[BaseEvent] = []  # noqa: RUF012 - a field of pydantic's, copied for each

    @classmethod
    def class_name(cls) -> str:
        return "Hearing"

    def handle(self, event: BaseEvent, **kwargs: Any) -> None:
        self.events.append(event)


def test_events_and_spans_of_the_pair_hold_none(openai: Callable[..., Any]) -> None:
    given = {"api_key": KEY, "default_headers": HEADERS}
    models = {side: openai(f"gpt-4o{mini}", **given) for side, mini in (("strong", ""), ("weak", "-mini"))}
    llm = RouteLLM(**models, router="random", threshold=0.5)
    root, hearing, spans = get_dispatcher(), Hearing(), SimpleSpanHandler()
    root.add_event_handler(hearing)
    root.add_span_handler(spans)
    try:
        llm.chat([ChatMessage("a question")])
        list(llm.stream_complete("another one"))
    finally:
        root.event_handlers.remove(hearing)
        root.span_handlers.remove(spans)

    own = [event for event in hearing.events if type(event).__name__ == "RoutingDecisionEvent"]
    shown = [json.dumps(event.model_dump(), default=str) for event in own]
    shown += [repr(span) for span in spans.completed_spans if "RouteLLM" in span.id_]
    assert len(own) == 2
    assert len(shown) == 4
    assert secrets_in("".join(shown)) == []
