"""DecisionPrinter: prints where each model call of a LlamaIndex program went, from the router's events."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from llama_index.core.instrumentation.event_handlers import BaseEventHandler
from llama_index.core.instrumentation.events import BaseEvent
from llama_index_instrumentation import get_dispatcher

from llamaindex_routellm import RoutingDecisionEvent


class DecisionPrinter(BaseEventHandler):
    """Prints one line per decision, of any engine or agent: they all dispatch their events here."""

    def handle(self, event: BaseEvent, **kwargs: Any) -> None:
        """Print a decision; other events are left alone."""
        if not isinstance(event, RoutingDecisionEvent):
            return
        told = (
            "not scored"
            if event.score is None
            else f"score {event.score:.3f}, strong from {event.threshold:.3f}"
        )
        print(f"  -> {event.route:6}  {event.model_name}  ({told}, reason: {event.reason})")


@contextmanager
def printed_decisions() -> Iterator[None]:
    """Print the decisions made inside the block."""
    dispatcher, printer = get_dispatcher(), DecisionPrinter()
    dispatcher.add_event_handler(printer)
    try:
        yield
    finally:
        dispatcher.event_handlers.remove(printer)
