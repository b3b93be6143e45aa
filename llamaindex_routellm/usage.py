"""Usage: the tokens that a provider counted, read from its answers in whichever form it reports them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextvars import ContextVar
from dataclasses import dataclass
from functools import lru_cache, partial
from threading import Lock
from typing import Any, TypeGuard, cast

from llama_index.core.base.llms.types import ChatResponse, CompletionResponse
from llama_index.core.instrumentation.event_handlers import BaseEventHandler
from llama_index.core.instrumentation.events import BaseEvent
from llama_index.core.instrumentation.events.llm import LLMChatEndEvent, LLMCompletionEndEvent
from llama_index_instrumentation import get_dispatcher

from routellm_core.routing.prices import TokenUsage

NO_USAGE = TokenUsage()

_RESPONSES = (ChatResponse, CompletionResponse)


Response = ChatResponse | CompletionResponse


def is_response(value: object) -> TypeGuard[Response]:
    """Return whether an answer is a response, which holds its tokens and takes the record."""
    # pydantic's own classes take long to tell what is an instance of theirs.
    return type(value) in _RESPONSES or isinstance(value, _RESPONSES)


def usage_of(answer: object) -> TokenUsage:
    """Return the tokens of an answer, zeros if it is no response or its provider reports none."""
    return response_usage(answer) if is_response(answer) else NO_USAGE


def response_usage(response: Response) -> TokenUsage:
    """Return the tokens of a response, zeros if its provider reports none."""
    raw = response.raw
    usage = None if raw is None else _reader(raw)("usage", None)
    # OpenAI's own objects, read directly: this is done at every call.
    prompt, output = getattr(usage, "prompt_tokens", None), getattr(usage, "completion_tokens", None)
    if type(prompt) is int and type(output) is int:
        details = getattr(usage, "prompt_tokens_details", None)
        if not isinstance(details, dict):
            return TokenUsage(prompt, output, _count(getattr(details, "cached_tokens", None)))
    # The last event of a Responses stream holds its usage in the response inside.
    for source in (usage, response.additional_kwargs, response.additional_kwargs.get("usage"), raw):
        found = _read(source)
        if found is not None:
            return found
    return NO_USAGE


def _read(source: object) -> TokenUsage | None:
    if source is None:
        return None
    item = _reader(source)
    prompt, output = item("prompt_tokens", None), item("completion_tokens", None)
    # bool, which is an int too, is no count: the very type is asked for.
    if type(prompt) is int or type(output) is int:
        details = item("prompt_tokens_details", None)
        cached = None if details is None else _reader(details)("cached_tokens", None)
        return TokenUsage(_count(prompt), _count(output), _count(cached))
    fresh, output = item("input_tokens", None), item("output_tokens", None)
    if type(fresh) is int or type(output) is int:
        details = item("input_tokens_details", None)
        if details is not None:
            # The Responses API's input tokens include the cached ones.
            return TokenUsage(_count(fresh), _count(output), _count(_reader(details)("cached_tokens", None)))
        # Anthropic counts what it read from its cache, and what it wrote to it, beside the input tokens.
        cached = _count(item("cache_read_input_tokens", None))
        written = _count(item("cache_creation_input_tokens", None))
        return TokenUsage(_count(fresh) + cached + written, _count(output), cached)
    return None


def _reader(source: object) -> Callable[[str, None], object]:
    """Return what reads an item of a mapping or an attribute of an object, or the given default."""
    if _is_mapping(type(source)):  # type: ignore[arg-type]  # every class has a hash
        return cast("Mapping[str, object]", source).get
    return partial(getattr, source)


@lru_cache(maxsize=256)
def _is_mapping(kind: type) -> bool:
    return issubclass(kind, Mapping)


def _count(value: object) -> int:
    return value if type(value) is int else 0


@dataclass(slots=True)
class UsageTally:
    """The tokens of an answer that arrives without its response, as a plain text or an object."""

    usage: TokenUsage = NO_USAGE
    heard: bool = False

    def hear(self, response: object) -> None:
        """Note the tokens of a response of a provider's SDK."""
        self.usage = _read(getattr(response, "usage", None)) or NO_USAGE
        self.heard = True


_listening: ContextVar[UsageTally | None] = ContextVar("llamaindex_routellm_usage", default=None)


LLM_EVENTS = "llama_index.core.llms.callbacks"
"""The dispatcher to which every LlamaIndex model that uses the host's decorators reports its calls."""


class UsageListener(BaseEventHandler):
    """Hears the end of the model call inside `predict()` and its like, which return no response."""

    @classmethod
    def class_name(cls) -> str:
        """Return the handler's name."""
        return "RouteLLMUsageListener"

    def handle(self, event: BaseEvent, **kwargs: Any) -> None:
        """Note the tokens of the first model call that ends while a tally listens."""
        tally = _listening.get()
        if tally is None or tally.heard or not isinstance(event, LLMChatEndEvent | LLMCompletionEndEvent):
            return
        # The first call is the model's own: tools, which may call other models, run after it.
        tally.usage = usage_of(event.response)
        tally.heard = True


_registration = Lock()
_registered: list[UsageListener] = []


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
            listener = UsageListener()
            get_dispatcher(LLM_EVENTS).add_event_handler(listener)
            _registered.append(listener)
