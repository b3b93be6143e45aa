"""Spans that nobody is told of are left out, the router's own and the chosen model's; all others are made."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

pytest.importorskip("llama_index.core", reason="llama-index-core is not installed")

import wrapt
from llama_index.core.instrumentation.span import active_span_id
from llama_index.core.llms import MockLLM
from llama_index.core.llms.callbacks import llm_completion_callback
from llama_index.core.prompts import PromptTemplate
from llama_index_instrumentation import get_dispatcher
from llama_index_instrumentation.dispatcher import Dispatcher
from llama_index_instrumentation.event_handlers import BaseEventHandler
from llama_index_instrumentation.span_handlers import SimpleSpanHandler
from pydantic import PrivateAttr

from llamaindex_routellm import RouteLLM
from llamaindex_routellm.heard_spans import somebody_listens

from tests.routers import KeywordRouter

OWN = Dispatcher(name="of-one-model", propagate=False)


class Recording(MockLLM):
    """Keeps the span that it is called within."""

    _spans: list[str | None] = PrivateAttr(default_factory=list)

    @llm_completion_callback()
    def complete(self, prompt: str, formatted: bool = False, **kwargs: Any) -> Any:
        self._spans.append(active_span_id.get())
        return super().complete(prompt, formatted, **kwargs)


class WithADispatcherOfItsOwn(Recording):
    @OWN.span
    def complete(self, prompt: str, formatted: bool = False, **kwargs: Any) -> Any:
        self._spans.append(active_span_id.get())
        return MockLLM.complete(self, prompt, formatted, **kwargs)


class Ignoring(BaseEventHandler):
    def handle(self, event: Any, **kwargs: Any) -> None:
        pass


@contextmanager
def attached(dispatcher: Dispatcher, handler: Any) -> Iterator[None]:
    handlers = dispatcher.event_handlers if isinstance(handler, Ignoring) else dispatcher.span_handlers
    handlers.append(handler)
    try:
        yield
    finally:
        handlers.remove(handler)


def span_of(model: Any, ask: Callable[[RouteLLM], object]) -> str | None:
    """Return the span that the model was called within."""
    ask(RouteLLM(strong=model, weak=Recording(), router=KeywordRouter("hard"), threshold=0.5))
    (span,) = model._spans
    return None if span is None else str(span)


def complete(llm: RouteLLM) -> object:
    return llm.complete("a hard question")


@pytest.fixture(params=[Recording, WithADispatcherOfItsOwn])
def model(request: pytest.FixtureRequest) -> Any:
    return request.param()


def test_where_nobody_listens_there_is_no_span(model: Any) -> None:
    assert span_of(model, complete) is None


def test_the_bare_model_has_one_all_the_same(model: Any) -> None:
    model.complete("a question")
    assert model._spans[0].startswith(f"{type(model).__name__}.complete-")


@pytest.mark.parametrize("handler", [Ignoring(), SimpleSpanHandler()], ids=["events", "spans"])
@pytest.mark.parametrize("where", ["root", __name__, "llama_index.core.llms.callbacks"])
def test_whoever_listens_is_told(where: str, handler: Any) -> None:
    with attached(get_dispatcher(where), handler):
        assert str(span_of(Recording(), complete)).startswith("Recording.complete-")


def test_a_dispatcher_of_the_models_own_is_asked() -> None:
    with attached(OWN, SimpleSpanHandler()):
        span = span_of(WithADispatcherOfItsOwn(), complete)
    assert str(span).startswith("WithADispatcherOfItsOwn.complete-")


def test_whoever_listens_behind_one_that_passes_nothing_on_is_not_told() -> None:
    inner = Dispatcher(name="inner", propagate=False)
    outer = Dispatcher(name="outer", span_handlers=[SimpleSpanHandler()])
    assert not somebody_listens([inner, outer])
    inner.propagate = True
    assert somebody_listens([inner, outer])


def test_who_listens_later_is_told_then() -> None:
    model = Recording()
    llm = RouteLLM(strong=model, weak=Recording(), router=KeywordRouter("hard"), threshold=0.5)
    complete(llm)
    with attached(get_dispatcher(), SimpleSpanHandler()):
        complete(llm)
    complete(llm)
    assert [span is None for span in model._spans] == [True, False, True]


def test_counting_the_tokens_of_a_prediction_is_nobody() -> None:
    def predict_and_complete(llm: RouteLLM) -> object:
        llm.predict(PromptTemplate("{query_str}"), query_str="an easy question")
        return complete(llm)

    assert span_of(Recording(), predict_and_complete) is None


def test_what_a_tracer_wraps_around_a_method_is_called(monkeypatch: pytest.MonkeyPatch) -> None:
    traced = []

    def trace(method: Any, model: Any, args: Any, kwargs: Any) -> Any:
        traced.append(args)
        return method(*args, **kwargs)

    monkeypatch.setattr(Recording, "complete", wrapt.FunctionWrapper(Recording.complete, trace))
    span = span_of(Recording(), complete)
    assert (traced, str(span).partition("-")[0]) == ([("a hard question",)], "Recording.complete")
