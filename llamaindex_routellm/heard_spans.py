"""Heard spans: the router's own span and the chosen model's, left out if nobody listens.

A span of the host costs more than a decision: it binds the arguments by signature, draws an id and walks the
dispatchers, whether or not anything is attached to them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache, wraps
from inspect import getclosurevars, iscoroutinefunction, signature
from types import FunctionType
from typing import cast

from llama_index_instrumentation import get_dispatcher
from llama_index_instrumentation.dispatcher import DISPATCHER_SPAN_DECORATED_ATTR, Dispatcher
from llama_index_instrumentation.event_handlers import NullEventHandler
from llama_index_instrumentation.span_handlers import NullSpanHandler

from llamaindex_routellm.usage import LLM_EVENTS, UsageListener

_SILENT_EVENT_HANDLERS = (NullEventHandler, UsageListener)


def lineage(dispatcher: Dispatcher) -> tuple[Dispatcher, ...]:
    """Return a dispatcher and those above it, up to the root."""
    found = [dispatcher]
    while found[-1].name != dispatcher.root_name and dispatcher.manager is not None:
        found.append(found[-1].parent)
    return tuple(found)


_LLM_EVENTS = lineage(get_dispatcher(LLM_EVENTS))


def somebody_listens(dispatchers: Sequence[Dispatcher]) -> bool:
    """Return whether a signal to the first of a lineage reaches a handler that does something."""
    for dispatcher in dispatchers:
        # The root has a handler of each kind that does nothing.
        for event_handler in dispatcher.event_handlers:
            if type(event_handler) not in _SILENT_EVENT_HANDLERS:
                return True
        for span_handler in dispatcher.span_handlers:
            if type(span_handler) is not NullSpanHandler:
                return True
        if not dispatcher.propagate:
            return False
    return False


def spanned_where_heard(spanned: object, dispatcher: Dispatcher) -> Callable[..., object] | None:
    """Return a method that opens its span only if somebody listens; None for a method without a span."""
    plain = getattr(spanned, "__wrapped__", None)
    if not (isinstance(plain, FunctionType) and hasattr(plain, DISPATCHER_SPAN_DECORATED_ATTR)):
        return None
    # The span reads it at every call, and would otherwise derive it each time.
    plain.__signature__ = signature(plain)  # type: ignore[attr-defined]

    above, wrapper = lineage(dispatcher), cast(FunctionType, spanned)

    if iscoroutinefunction(plain):

        @wraps(plain)
        async def amethod(self: object, *args: object, **kwargs: object) -> object:
            if somebody_listens(above):
                return await wrapper.__get__(self)(*args, **kwargs)
            return await plain(self, *args, **kwargs)

        return amethod

    @wraps(plain)
    def method(self: object, *args: object, **kwargs: object) -> object:
        if somebody_listens(above):
            return wrapper.__get__(self)(*args, **kwargs)
        return plain(self, *args, **kwargs)

    return method


def past_unheard_span(method: object) -> object:
    """Return a model's method without the host's span around it, if nobody listens to that span.

    Only that span is left out: whatever else is wrapped around the method, such as a tracer, stays.
    """
    span = getattr(method, "_self_wrapper", None)
    above = _told_by(span) if type(span) is FunctionType else None
    # A listener to the model's events alone may tell calls apart by the span's id.
    if above is None or somebody_listens(above) or somebody_listens(_LLM_EVENTS):
        return method
    return getattr(method, "__wrapped__", method)


@lru_cache(maxsize=1_000)
def _told_by(span: FunctionType) -> tuple[Dispatcher, ...] | None:
    """Return the dispatchers that a wrapper reports to; None if no dispatcher of the host made it."""
    dispatcher = getclosurevars(span).nonlocals.get("self")
    return lineage(dispatcher) if isinstance(dispatcher, Dispatcher) else None
