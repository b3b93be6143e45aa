"""StreamedAnswer: what is known of an answer only while it streams, or once it has: its tokens."""

from __future__ import annotations

from types import TracebackType
from typing import Self

from langchain_core.messages import AIMessageChunk

from langchain_routellm.usage import NO_USAGE, message_usage
from routellm_core.routing.decision import Route
from routellm_core.routing.prices import TokenUsage
from routellm_core.routing.routing_stats import RoutingCounter


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


def has_token(chunk: AIMessageChunk) -> bool:
    """Tell whether a chunk shows something of the answer, after which nothing is retried."""
    return bool(chunk.content or chunk.tool_call_chunks or chunk.additional_kwargs)
