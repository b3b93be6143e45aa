"""RoutingDecisionEvent: a routing decision, seen in LlamaIndex's instrumentation and in the user's tracer.

The event is dispatched inside the router's own span; the span gets attributes where OpenTelemetry is in use;
and the spans and events of the chosen model carry the decision as tags.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from contextlib import suppress
from typing import Any, Protocol

from llama_index.core.instrumentation.events import BaseEvent
from llama_index.core.llms import LLM
from llama_index_instrumentation import get_dispatcher

from llamaindex_routellm.heard_spans import lineage, somebody_listens
from routellm_core import Decision

_DISPATCHER = get_dispatcher(__name__)
_LINEAGE = lineage(_DISPATCHER)

_OPENINFERENCE = "openinference.instrumentation.llama_index._handler"


class RoutingDecisionEvent(BaseEvent):
    """One decision: the values of `additional_kwargs["routellm"]`, and the method that was called.

    Attributes:
        method: the router's method, such as "chat".
        route: "strong" or "weak", or the name of a tier.
        score: the router's win rate for strong, in [0, 1]; None if the scorer was not used or failed.
        threshold: what the score was, or would have been, compared with.
        reason: what decided.
        router: the router's name.
        model_name: the chosen model's own name.
        shadow_route: in shadow mode, the side that would have answered.
    """

    method: str
    route: str
    score: float | None
    threshold: float
    reason: str
    router: str
    model_name: str
    shadow_route: str | None = None

    @classmethod
    def class_name(cls) -> str:
        """Return the event's name in serialised traces."""
        return "RoutingDecisionEvent"


def announce(decision: Decision, method: str, model: LLM) -> None:
    """Tell whoever listens about a decision."""
    span = current_span()
    if span is not None:
        _mark(span, method, "routellm.decision", decision.record())
    if somebody_listens(_LINEAGE):
        _make_known_to_openinference()
        event = RoutingDecisionEvent(method=method, model_name=model_name_of(model), **decision.record())
        _DISPATCHER.event(event)


def model_name_of(model: LLM) -> str:
    """Return a model's name for people; its class's where it can't tell."""
    try:
        return model.metadata.model_name
    except Exception:
        return type(model).__name__


class Span(Protocol):
    """What is used of OpenTelemetry's span."""

    def is_recording(self) -> bool:
        """Return whether anything is recorded."""

    def set_attributes(self, attributes: Mapping[str, Any]) -> None:
        """Add attributes."""

    def add_event(self, name: str, attributes: Mapping[str, Any]) -> None:
        """Add an event."""


def attributes(record: Mapping[str, Any]) -> dict[str, Any]:
    """Return "routellm.route" and its like; OpenTelemetry knows no None, so what is None is left out."""
    return {f"routellm.{name}": value for name, value in record.items() if value is not None}


def current_span() -> Span | None:
    """Return OpenTelemetry's current span; None if nobody records one."""
    # A program that traces has loaded it; others should not pay for the import.
    opentelemetry = sys.modules.get("opentelemetry.trace")
    span: Span | None = None if opentelemetry is None else opentelemetry.get_current_span()
    return span if span is not None and span.is_recording() else None


def announce_cost(decision: Decision, method: str, span: Span | None) -> None:
    """Put what the call cost beside the decision, where it is known.

    Args:
        decision: any of the call's.
        method: the router's.
        span: what `current_span` returned when the call began.
    """
    if decision.account is None or span is None:
        return
    money = decision.account.money()
    if money and span.is_recording():
        _mark(span, method, "routellm.cost", money)


def _mark(span: Span, method: str, event: str, values: Mapping[str, Any]) -> None:
    """Put values on the router's span; on a span of somebody else's, as an event of that span."""
    if getattr(span, "name", "").endswith(f".{method}"):
        span.set_attributes(attributes(values))
    else:
        span.add_event(event, attributes(values))


_known_to: set[int] = set()


def _make_known_to_openinference() -> None:
    """Keep OpenInference from logging a warning for each decision, as for any event it does not know."""
    module = sys.modules.get(_OPENINFERENCE)
    if module is None or id(module) in _known_to:
        return
    _known_to.add(id(module))
    with suppress(Exception):
        # Not a public interface; should it go, the warnings come back and nothing else changes.
        module._Span._process_event.register(RoutingDecisionEvent, lambda span, event: None)
