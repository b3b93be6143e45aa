"""Usage: tokens of LangChain answers, whole, streamed and parsed, as the statistics count them."""

from __future__ import annotations

from collections.abc import Mapping
from types import TracebackType
from typing import Any, Self, TypeGuard

from langchain_core.callbacks import BaseCallbackHandler
from langchain_core.messages import AIMessage, AIMessageChunk
from langchain_core.messages.ai import UsageMetadata
from langchain_core.outputs import ChatGeneration, LLMResult

from routellm_core import Decision
from routellm_core.routing.prices import TokenUsage
from routellm_core.routing.routing_counter import RoutingCounter

NO_USAGE = TokenUsage()


def message_usage(message: object) -> TokenUsage | None:
    """Return an answer's or a chunk's tokens; zeros for an answer that came from a cache, None if unknown."""
    return usage_of(message.usage_metadata if isinstance(message, AIMessage) else None)


def usage_of(usage: UsageMetadata | Mapping[str, Any] | None) -> TokenUsage | None:
    """Return the tokens in LangChain's usage metadata; None if it has none."""
    if not usage or not _is_mapping(usage):
        return None
    # LangChain marks an answer read from its own cache with a cost of 0.
    if usage.get("total_cost") == 0:
        return NO_USAGE
    details = usage.get("input_token_details")
    found = TokenUsage(
        input=usage.get("input_tokens") or 0,
        output=usage.get("output_tokens") or 0,
        cached_input=(details.get("cache_read") or 0) if _is_mapping(details) else 0,
    )
    # Without a single token it was not counted.
    return (found or None) and found.credible()


def _is_mapping(value: object) -> TypeGuard[Mapping[str, Any]]:
    # Nearly always a dict: an abstract class takes long to tell what is an instance of it.
    return type(value) is dict or isinstance(value, Mapping)


class StreamTokens:
    """Counts a stream's tokens when it ends, whole or broken off: `with StreamTokens(...) as tokens`.

    Those of the last chunk are counted before it is passed on, so that it can say what the call cost.
    """

    def __init__(self, counter: RoutingCounter, decision: Decision) -> None:
        self._counter = counter
        self._decision = decision
        self._usage: TokenUsage | None = None
        self._counted = False

    def add(self, chunk: AIMessageChunk) -> None:
        """Add the tokens of one chunk; those of all chunks add up to the answer's."""
        found = message_usage(chunk)
        if found is not None:
            self._usage = found if self._usage is None else self._usage + found

    def money(self) -> dict[str, float]:
        """Count the tokens, and return what the call cost, where it is known."""
        self._count()
        return {} if self._decision.account is None else self._decision.account.money()

    def _count(self) -> None:
        if not self._counted:
            self._counted = True
            self._counter.count_tokens(self._decision, self._usage)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        # A stream that failed has no answer, and tokens only if it reported them before.
        if self._usage is not None or not isinstance(error, Exception):
            self._count()


class AnswerRecorder(BaseCallbackHandler):
    """Keeps the message of one call whose answer is parsed before anybody sees it."""

    def __init__(self) -> None:
        self.message: AIMessage | None = None

    @property
    def usage(self) -> TokenUsage | None:
        """The message's tokens; None if unknown."""
        return message_usage(self.message)

    def on_llm_end(self, response: LLMResult, **kwargs: Any) -> None:
        """Keep the message of a finished run."""
        generation = response.generations[0][0] if response.generations and response.generations[0] else None
        if isinstance(generation, ChatGeneration) and isinstance(generation.message, AIMessage):
            self.message = generation.message
