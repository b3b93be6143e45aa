"""Attempt: one model being asked, with the decision in its spans and events and its tokens overheard."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Any, cast

from llama_index.core.base.llms.types import ChatResponse
from llama_index.core.llms import LLM
from llama_index_instrumentation.dispatcher import active_instrument_tags

from llamaindex_routellm.answered import Answered
from llamaindex_routellm.decision_event import attributes, current_span
from llamaindex_routellm.heard_spans import past_unheard_span
from llamaindex_routellm.parsed_usage import heard
from llamaindex_routellm.routed_call import RoutedCall
from llamaindex_routellm.side import Side
from llamaindex_routellm.stream_usage import asking, may_refuse
from llamaindex_routellm.thought import marked
from llamaindex_routellm.usage import (
    NO_USAGE,
    Response,
    UsageTally,
    is_response,
    listen,
    response_usage,
    usage_of,
)
from routellm_core import Decision
from routellm_core.routing.decision import Route
from routellm_core.routing.prices import TokenUsage

RECORD_KEY = "routellm"


class Attempt:
    """A model, the decision that chose it and the call to make; enter it around every step of the model's.

    Args:
        call: the call to make.
        decision: chose the side.
        sides: all sides.

    Raises:
        ValueError: the model has no such method; the message says what to do.
    """

    __slots__ = (
        "_asks",
        "_method",
        "_others",
        "_outer",
        "_repeats",
        "_side",
        "_tags",
        "call",
        "decision",
        "record",
        "seen",
        "span",
        "tally",
    )

    def __init__(self, call: RoutedCall[object], decision: Decision, sides: Mapping[Route, Side]) -> None:
        self.call = call
        self.decision = decision
        self.record = decision.completed_record()
        self.tally = None if call.returns_response else UsageTally()
        self.seen = NO_USAGE
        self.span = None if decision.account is None else current_span()
        self._asks = self._repeats = False
        self._side = sides[decision.route]
        self._others = [other for route, other in sides.items() if route != decision.route]
        self._tags = attributes(self.record)
        self._outer: tuple[dict[str, Any], UsageTally | None] = ({}, None)
        method = past_unheard_span(getattr(self.model, call.method, None))
        if not callable(method):
            raise ValueError(
                f"{self.decision.route} is a {type(self.model).__name__}, which has no {self.call.method}(); "
                f"the call was routed there for the reason {self.decision.reason!r}. It takes a "
                "FunctionCallingLLM on that side, or no forced route."
            )
        self._method: Callable[..., object] = method

    @property
    def model(self) -> LLM:
        """The model."""
        return self._side.model

    def start(self) -> object:
        """Call the model's method and return what it returns: an answer, an awaitable or a stream."""
        args, kwargs = self.call.arguments(self._side, *self._others)
        method, name = self._method, self.call.method
        self._asks = not self._repeats and self._side.stream_usage.is_asked(self.model, name, kwargs)
        model = self.model
        if self._asks:
            model, kwargs = asking(model, name, kwargs)
        elif self.tally is not None:
            model = heard(model, name, self.tally.hear)
        if model is not self.model:
            method = cast("Callable[..., object]", past_unheard_span(getattr(model, name)))
        return method(*args, **kwargs)

    def is_to_repeat(self, error: Exception) -> bool:
        """Return whether to retry, without token counts, a stream that failed before its first chunk."""
        self._repeats = self._asks and may_refuse(error)
        return self._repeats

    def begun(self) -> None:
        """Note that a stream has its first chunk."""
        if self._repeats:
            self._side.stream_usage.is_refused = True

    def __enter__(self) -> None:
        tags = active_instrument_tags.get()
        # Beside the user's own tags.
        active_instrument_tags.set({**tags, **self._tags})
        self._outer = (tags, listen(self.tally))

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        tags, tally = self._outer
        # Not by a context token: a stream may be closed in another context than its own.
        active_instrument_tags.set(tags)
        listen(tally)

    def answered(self, value: object) -> Answered:
        """Return a whole answer with the record in it."""
        if not is_response(value):
            return Answered(value, NO_USAGE if self.tally is None else self.tally.usage)
        return Answered(
            self._with_record(value), response_usage(value) if self.tally is None else self.tally.usage
        )

    def chunk(self, value: object) -> object:
        """Return a chunk of a stream with the record in it, and note its tokens."""
        if self.tally is None and (found := usage_of(value)) != NO_USAGE:
            self.seen = _larger(self.seen, found)
        return self._with_record(value) if is_response(value) else value

    @property
    def usage(self) -> TokenUsage:
        """The tokens of the stream so far."""
        return self.seen if self.tally is None else self.tally.usage

    def _with_record(self, response: Response) -> Response:
        # A copy, because a model may hand out one response many times, as caches do.
        update: dict[str, Any] = {
            "additional_kwargs": {**response.additional_kwargs, RECORD_KEY: self.record}
        }
        if isinstance(response, ChatResponse):
            update["message"] = marked(response.message, self._side)
        return response.model_copy(update=update)


def _larger(one: TokenUsage, other: TokenUsage) -> TokenUsage:
    """Return the larger of each count: providers count up, and some name their input only once."""
    return TokenUsage(
        max(one.input, other.input), max(one.output, other.output), max(one.cached_input, other.cached_input)
    )
