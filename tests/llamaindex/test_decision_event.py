"""Events, spans and token counts: what plain OpenAI gives, and the decision beside it."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from typing import Any

import pytest

pytest.importorskip("llama_index.core", reason="llama-index-core is not installed")
pytest.importorskip("llama_index.llms.openai", reason="llama-index-llms-openai is not installed")

from llama_index.core import Document, Settings, SummaryIndex
from llama_index.core.callbacks import CallbackManager, TokenCountingHandler
from llama_index.core.prompts import PromptTemplate
from llama_index_instrumentation import get_dispatcher
from llama_index_instrumentation.dispatcher import instrument_tags
from llama_index_instrumentation.event_handlers import BaseEventHandler
from llama_index_instrumentation.span_handlers import SimpleSpanHandler

from llamaindex_routellm import RoutingDecisionEvent
from llamaindex_routellm.decision_event import attributes
from routellm_core import Decision

from tests.llamaindex.endpoints import ENDPOINTS, TOOLS, last_response, responses_of

# OpenInference uses what pydantic has deprecated; as an error it would lose the span, without a word.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")

DECISION = Decision("strong", 0.25, 0.5, "escalated", "random", shadow_route="weak")

METHODS = [
    *ENDPOINTS,
    "predict",
    "apredict",
    "chat_with_tools",
    "astream_chat_with_tools",
    "predict_and_call",
]


class Recorder(BaseEventHandler):
    """Keeps every event."""

    events: list[Any]

    def handle(self, event: Any, **kwargs: Any) -> None:
        self.events.append(event)

    def named(self, part: str) -> list[Any]:
        return [event for event in self.events if part in type(event).__name__]


@pytest.fixture
def recorder() -> Iterator[Recorder]:
    root = get_dispatcher()
    handler, spans = Recorder(events=[]), SimpleSpanHandler()
    root.add_event_handler(handler)
    root.add_span_handler(spans)
    yield handler
    root.event_handlers.remove(handler)
    root.span_handlers.remove(spans)


async def call(llm: Any, method: str, question: str) -> None:
    if method in ENDPOINTS:
        await responses_of(llm, method, question)
    elif "predict" in method and "call" not in method:
        result = getattr(llm, method)(PromptTemplate("{query_str}"), query_str=question)
        if method == "apredict":
            await result
    else:
        await last_response(llm, method, TOOLS, question)


@pytest.mark.parametrize("method", METHODS)
async def test_one_call_makes_one_pair_of_events_and_one_decision(
    pair: Callable[..., Any], recorder: Recorder, method: str
) -> None:
    await call(pair(), method, "What is 6 times 7?")
    starts = [*recorder.named("LLMChatStart"), *recorder.named("LLMCompletionStart")]
    ends = [*recorder.named("LLMChatEnd"), *recorder.named("LLMCompletionEnd")]
    assert (len(starts), len(ends)) == (1, 1)
    # The model that answers names itself.
    assert starts[0].model_dict["model_name"] == "gpt-4o-mini"
    assert starts[0].tags["routellm.route"] == "weak"
    (decision,) = recorder.named("RoutingDecision")
    assert isinstance(decision, RoutingDecisionEvent)
    assert decision.span_id.startswith(f"RouteLLM.{method}-")
    assert (decision.route, decision.score, decision.threshold, decision.reason) == (
        "weak",
        0.1,
        0.5,
        "score",
    )
    assert (decision.method, decision.model_name, decision.router) == (method, "gpt-4o-mini", "KeywordRouter")
    assert RoutingDecisionEvent.class_name() == "RoutingDecisionEvent"
    assert "sk-test-key" not in str(decision.model_dump())


async def test_the_users_own_tags_stay(pair: Callable[..., Any], recorder: Recorder) -> None:
    with instrument_tags({"user": "me"}):
        pair().complete("hello")
    (start,) = recorder.named("LLMCompletionStart")
    assert (start.tags["user"], start.tags["routellm.route"]) == ("me", "weak")
    recorder.events.clear()
    pair().complete("hello")
    assert "user" not in recorder.named("LLMCompletionStart")[0].tags


@pytest.mark.parametrize("early", [True, False])
@pytest.mark.parametrize("method", METHODS)
async def test_tokens_are_counted_once(
    openai: Callable[..., Any], pair: Callable[..., Any], method: str, early: bool
) -> None:
    def counted(make: Callable[..., Any]) -> TokenCountingHandler:
        counter = TokenCountingHandler()
        manager = CallbackManager([counter])
        llm = make(callback_manager=manager) if early else make()
        if not early:
            llm.callback_manager = manager
        kept.append((llm, counter))
        return counter

    kept: list[tuple[Any, TokenCountingHandler]] = []
    # RouteLLM asks for the tokens of a stream.
    asked = {"additional_kwargs": {"stream_options": {"include_usage": True}}}
    plain = counted(lambda **settings: openai("gpt-4o-mini", **asked, **settings))
    routed = counted(pair)
    for llm, _ in kept:
        await call(llm, method, "What is 6 times 7?")
    assert plain.total_llm_token_count > 0
    assert routed.total_llm_token_count == plain.total_llm_token_count
    assert len(routed.llm_token_counts) == len(plain.llm_token_counts) == 1


def test_a_query_counts_what_plain_openai_counts(
    openai: Callable[..., Any], pair: Callable[..., Any]
) -> None:
    totals = []
    for llm in (openai("gpt-4o-mini"), pair()):
        counter = TokenCountingHandler()
        Settings.callback_manager = CallbackManager([counter])
        try:
            index = SummaryIndex.from_documents([Document(text="The moon circles the earth. " * 20)])
            index.as_query_engine(llm=llm, response_mode="tree_summarize").query("What circles the earth?")
        finally:
            Settings._callback_manager = None
        totals.append(counter.total_llm_token_count)
    assert totals[0] == totals[1] > 0


@pytest.fixture
def exported() -> Iterator[Callable[[], list[Any]]]:
    """OpenInference's spans, in memory."""
    instrumentation = pytest.importorskip(
        "openinference.instrumentation.llama_index", reason="openinference is not installed"
    )
    trace = pytest.importorskip("opentelemetry.sdk.trace", reason="opentelemetry-sdk is not installed")
    from opentelemetry.sdk.trace.export import SimpleSpanProcessor
    from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

    exporter = InMemorySpanExporter()
    provider = trace.TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    instrumentor = instrumentation.LlamaIndexInstrumentor()
    instrumentor.instrument(tracer_provider=provider)

    def spans() -> list[Any]:
        found = list(exporter.get_finished_spans())
        exporter.clear()
        return found

    yield spans
    instrumentor.uninstrument()
    provider.shutdown()


def _tokens(spans: list[Any]) -> int:
    return sum(span.attributes.get("llm.token_count.total", 0) for span in spans)


@pytest.mark.parametrize("method", METHODS)
async def test_openinference_shows_the_decision_and_counts_once(
    openai: Callable[..., Any],
    pair: Callable[..., Any],
    exported: Callable[[], list[Any]],
    caplog: pytest.LogCaptureFixture,
    method: str,
) -> None:
    usage = {"additional_kwargs": {"stream_options": {"include_usage": True}}} if "stream" in method else {}
    await call(openai("gpt-4o-mini", **usage), method, "What is 6 times 7?")
    plain = _tokens(exported())
    with caplog.at_level(logging.WARNING):
        await call(pair(weak=openai("gpt-4o-mini", **usage)), method, "What is 6 times 7?")
    spans = exported()
    assert _tokens(spans) == plain > 0
    (routed,) = (span for span in spans if span.name == f"RouteLLM.{method}")
    assert routed.attributes["routellm.route"] == "weak"
    assert routed.attributes["routellm.score"] == 0.1
    assert routed.attributes["routellm.reason"] == "score"
    (answering,) = (span for span in spans if span.attributes.get("llm.token_count.total"))
    assert answering.attributes["llm.model_name"] == "gpt-4o-mini"
    assert not [record for record in caplog.records if "RoutingDecisionEvent" in record.getMessage()]


@pytest.mark.parametrize("method", [method for method in METHODS if "stream" not in method])
async def test_openinference_shows_what_a_call_cost_and_saved(
    pair: Callable[..., Any], exported: Callable[[], list[Any]], method: str
) -> None:
    llm = pair(prices={"strong": {"input": 1e6, "output": 0.0}, "weak": {"input": 1e5, "output": 0.0}})
    await call(llm, method, "What is 6 times 7?")
    (routed,) = (span for span in exported() if span.name == f"RouteLLM.{method}")
    tokens = llm.routing_stats().weak.tokens.input
    assert tokens > 0
    assert routed.attributes["routellm.cost"] == pytest.approx(0.1 * tokens)
    assert routed.attributes["routellm.saving"] == pytest.approx(0.9 * tokens)


def test_a_span_of_the_users_own_gets_an_event_of_the_cost(pair: Callable[..., Any]) -> None:
    trace = pytest.importorskip("opentelemetry.sdk.trace", reason="opentelemetry-sdk is not installed")
    tracer = trace.TracerProvider().get_tracer("test")
    prices = {"strong": {"input": 1e6, "output": 0.0}, "weak": {"input": 1e5, "output": 0.0}}
    with tracer.start_as_current_span("handle_request") as span:
        pair(prices=prices).complete("hello")
    assert [event.name for event in span.events] == ["routellm.decision", "routellm.cost"]
    assert span.events[1].attributes["routellm.cost"] > 0


def test_a_span_of_the_users_own_gets_an_event(pair: Callable[..., Any]) -> None:
    trace = pytest.importorskip("opentelemetry.sdk.trace", reason="opentelemetry-sdk is not installed")
    tracer = trace.TracerProvider().get_tracer("test")
    with tracer.start_as_current_span("handle_request") as span:
        pair().complete("hello")
    (event,) = span.events
    assert event.name == "routellm.decision"
    assert event.attributes["routellm.route"] == "weak"
    assert "routellm.route" not in span.attributes


def test_events_and_attributes_hold_every_value_of_the_record() -> None:
    record = DECISION.record()

    event = RoutingDecisionEvent(method="chat", model_name="gpt-4o", **record)
    assert {name: getattr(event, name) for name in record} == record
    assert attributes(record) == {f"routellm.{name}": value for name, value in record.items()}
    assert "routellm.score" not in attributes({**record, "score": None})
