"""Usage: the tokens that a provider counted, read from its answers in whatever form it reports them."""

from __future__ import annotations

from collections.abc import Mapping
from contextvars import ContextVar
from dataclasses import dataclass
from threading import Lock
from typing import Any

from llama_index.core.base.llms.types import ChatResponse, CompletionResponse
from llama_index.core.instrumentation.event_handlers import BaseEventHandler
from llama_index.core.instrumentation.events import BaseEvent
from llama_index.core.instrumentation.events.llm import LLMChatEndEvent, LLMCompletionEndEvent
from llama_index_instrumentation import get_dispatcher

from routellm_core.prices import TokenUsage

NO_USAGE = TokenUsage()


def usage_of(response: Any) -> TokenUsage:
    """Return the tokens of an answer, zeros where its provider reports none."""
    if not isinstance(response, ChatResponse | CompletionResponse):
        return NO_USAGE
    for source in (_item(response.raw, "usage"), response.additional_kwargs, response.raw):
        if source and (found := _read(source)) is not None:
            return found
    return NO_USAGE


def _read(source: Any) -> TokenUsage | None:
    prompt, output = _number(source, "prompt_tokens"), _number(source, "completion_tokens")
    if prompt is not None or output is not None:
        cached = _number(_item(source, "prompt_tokens_details"), "cached_tokens")
        return TokenUsage(prompt or 0, output or 0, cached or 0)
    fresh, output = _number(source, "input_tokens"), _number(source, "output_tokens")
    if fresh is not None or output is not None:
        # Anthropic counts what it read from its cache, and what it wrote to it, beside the input tokens.
        cached = _number(source, "cache_read_input_tokens") or 0
        written = _number(source, "cache_creation_input_tokens") or 0
        return TokenUsage((fresh or 0) + cached + written, output or 0, cached)
    return None


def _item(value: Any, key: str) -> Any:
    if type(value) is dict:  # of nearly all providers; asking for Mapping takes longer than reading
        return value.get(key)
    return value.get(key) if isinstance(value, Mapping) else getattr(value, key, None)


def _number(value: Any, key: str) -> int | None:
    found = _item(value, key)
    return found if isinstance(found, int) and not isinstance(found, bool) else None


@dataclass(slots=True)
class UsageTally:
    """The tokens of an answer that arrives without its response, as a plain text or an object."""

    usage: TokenUsage = NO_USAGE
    heard: bool = False


_listening: ContextVar[UsageTally | None] = ContextVar("llamaindex_routellm_usage", default=None)


class _UsageListener(BaseEventHandler):
    """Hears the end of the model call inside `predict()` and its like, which return no response."""

    @classmethod
    def class_name(cls) -> str:
        return "RouteLLMUsageListener"

    def handle(self, event: BaseEvent, **kwargs: Any) -> None:
        tally = _listening.get()
        if tally is None or tally.heard or not isinstance(event, LLMChatEndEvent | LLMCompletionEndEvent):
            return
        # The first call is the model's own: tools, which may call other models, run after it.
        tally.usage = usage_of(event.response)
        tally.heard = True


_registration = Lock()
_registered: list[_UsageListener] = []


def listen(tally: UsageTally | None) -> UsageTally | None:
    """Let a tally hear the model calls of this context from now on, and return the one that did so before.

    None keeps an outer tally from hearing calls that are not its own.
    """
    if tally is not None and not _registered:
        _register()
    before = _listening.get()
    _listening.set(tally)
    return before


def _register() -> None:
    with _registration:
        if not _registered:
            listener = _UsageListener()
            # Where every LlamaIndex model that uses the host's decorators reports its calls.
            get_dispatcher("llama_index.core.llms.callbacks").add_event_handler(listener)
            _registered.append(listener)
