"""Usage: the tokens that a provider counted, read from its answers in whatever form it reports them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
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

_RESPONSES = (ChatResponse, CompletionResponse)


def is_response(value: Any) -> bool:
    """Tell whether an answer is a response, which holds its tokens and takes the record."""
    # pydantic's own classes take long to tell what is an instance of theirs.
    return type(value) in _RESPONSES or isinstance(value, _RESPONSES)


def usage_of(response: Any) -> TokenUsage:
    """Return the tokens of an answer, zeros where its provider reports none."""
    if not is_response(response):
        return NO_USAGE
    usage = _reader(response.raw)("usage")
    if usage is not None and (found := _read(_reader(usage))) is not None:
        return found
    for source in (response.additional_kwargs, response.raw):
        if source and (found := _read(_reader(source))) is not None:
            return found
    return NO_USAGE


_Reader = Callable[[str], Any]


def _reader(source: Any) -> _Reader:
    """Return what reads an item of a mapping or an attribute of an object, None where it is missing."""
    return source.get if isinstance(source, Mapping) else lambda name: getattr(source, name, None)


def _read(item: _Reader) -> TokenUsage | None:
    prompt, output = item("prompt_tokens"), item("completion_tokens")
    if _is_count(prompt) or _is_count(output):
        details = item("prompt_tokens_details")
        cached = None if details is None else _reader(details)("cached_tokens")
        return TokenUsage(_count(prompt), _count(output), _count(cached))
    fresh, output = item("input_tokens"), item("output_tokens")
    if _is_count(fresh) or _is_count(output):
        # Anthropic counts what it read from its cache, and what it wrote to it, beside the input tokens.
        cached, written = _count(item("cache_read_input_tokens")), _count(item("cache_creation_input_tokens"))
        return TokenUsage(_count(fresh) + cached + written, _count(output), cached)
    return None


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _count(value: Any) -> int:
    return value if _is_count(value) else 0


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
    if tally is not before:
        _listening.set(tally)
    return before


def _register() -> None:
    with _registration:
        if not _registered:
            listener = _UsageListener()
            # Where every LlamaIndex model that uses the host's decorators reports its calls.
            get_dispatcher("llama_index.core.llms.callbacks").add_event_handler(listener)
            _registered.append(listener)
