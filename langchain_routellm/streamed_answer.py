"""StreamedAnswer: what is known of an answer only once it has streamed: its tokens, and its record in v3."""

from __future__ import annotations

from collections.abc import Mapping
from types import TracebackType
from typing import Any, Self

from langchain_core.messages import AIMessageChunk

from langchain_routellm.usage import NO_USAGE, message_usage, usage_of
from routellm_core import Decision
from routellm_core.decision import Route
from routellm_core.prices import TokenUsage
from routellm_core.statistics import RoutingCounter


class StreamTokens:
    """Counts a stream's tokens when it ends, whole or broken off: `with StreamTokens(...) as tokens`."""

    def __init__(self, counter: RoutingCounter, route: Route) -> None:
        self._counter = counter
        self._route = route
        self._usage: TokenUsage = NO_USAGE

    def add(self, chunk: AIMessageChunk) -> None:
        """Add the tokens of one chunk; those of all chunks add up to the answer's."""
        if chunk.usage_metadata:
            self._usage += message_usage(chunk)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._counter.count_tokens(self._route, self._usage)


def with_recorded_finish(stream: Any, decision: Decision, counter: RoutingCounter) -> Any:
    """Make a v3 stream put the decision into its assembled message, and count its tokens.

    The stream is told of each event through its public `dispatch`; the last one carries the metadata.
    """
    dispatch = stream.dispatch

    def recorded(event: Mapping[str, Any]) -> Any:
        if event.get("event") != "message-finish":
            return dispatch(event)
        counter.count_tokens(decision.route, usage_of(event.get("usage")))
        metadata = {**(event.get("metadata") or {}), "routellm": decision.record()}
        return dispatch({**event, "metadata": metadata})

    stream.dispatch = recorded
    return stream
