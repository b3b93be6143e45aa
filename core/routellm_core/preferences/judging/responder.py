"""Responder: a model that answers, whichever library calls it (a structural type), and its answer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, TypedDict, runtime_checkable

from routellm_core.routing.prices import TokenUsage

DEFAULT_MAX_TOKENS = 1024

_CUT_BY_LENGTH = (
    "length",
    "max_tokens",
    "max_output_tokens",
    "model_length",
    "model_context_window_exceeded",
)
_CUT_BY_FILTERS = (
    *("content_filter", "content_filtered", "guardrail_intervened", "refusal"),
    *("safety", "recitation", "prohibited_content", "blocklist", "spii"),
)
_CUT = frozenset({*_CUT_BY_LENGTH, *_CUT_BY_FILTERS})


def was_cut(reason: object) -> bool:
    """Return whether an answer that ended for a provider's reason is not the whole of it.

    It was cut at the limit on its tokens, or a filter of the provider's stopped it.

    Args:
        reason: the finish or stop reason as it was reported: text, an enum's member, or anything else.
    """
    name = getattr(reason, "name", reason)
    return isinstance(name, str) and name.lower() in _CUT


class Message(TypedDict):
    """One message of a conversation; `role` is "system", "user" or "assistant"."""

    role: str
    content: str


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer of a model.

    Attributes:
        text: what it said; "" where it said nothing.
        usage: the tokens that the provider counted; None if it counted none.
        truncated: True where the answer was cut, at the limit on its tokens or by a filter.
    """

    text: str
    usage: TokenUsage | None = None
    truncated: bool = False


@runtime_checkable
class Responder(Protocol):
    """Anything that can be awaited with messages and gives an answer.

    What it raises is the provider's own error: `failure.Failure` tells by its status, found on the error or
    on its `response`, whether another try makes sense.
    """

    @property
    def name(self) -> str:
        """The model's name, as battles and prices call it."""
        ...

    @property
    def max_tokens(self) -> int:
        """The most tokens of one answer; what a cap on spend counts on before the call."""
        ...

    async def __call__(self, messages: Sequence[Message]) -> Answer:
        """Ask the model once, without retries."""
        ...


@runtime_checkable
class BlockingResponder(Protocol):
    """A responder that can be asked without an event loop, from any thread."""

    def ask(self, messages: Sequence[Message]) -> Answer:
        """Ask the model once, without retries; waits for the answer."""
        ...
