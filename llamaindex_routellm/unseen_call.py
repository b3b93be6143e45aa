"""UnseenCall: a call whose answer the caller never sees, such as a checker's; only tracers show it."""

from __future__ import annotations

from collections.abc import Awaitable
from dataclasses import dataclass, replace
from typing import cast

from llama_index.core.base.llms.types import ChatResponse, CompletionResponse, ToolCallBlock

from llamaindex_routellm.answered import Answered, answered_usage
from llamaindex_routellm.attempt import Attempt
from llamaindex_routellm.routed_call import ChatCall, RoutedCall
from llamaindex_routellm.side import Side
from routellm_core import Decision
from routellm_core.routing.decision import Route
from routellm_core.routing.shadow_sample import Shown

_WHOLE = {
    "chat": "chat",
    "complete": "complete",
    "predict": "predict",
    "structured_predict": "structured_predict",
    "stream_chat": "chat",
    "stream_complete": "complete",
    "stream": "predict",
}
"""Method -> the one that returns the same answer whole; each has a twin with "a" in front that is awaited."""


@dataclass(frozen=True)
class UnseenCall:
    """A routed call's input, for another model.

    Attributes:
        call: of a method that returns a whole answer; see `whole_call`.
        decision: chose the side that the model stands in for.
        sides: the pair's, with the model in place of that side.
    """

    call: RoutedCall[object]
    decision: Decision
    sides: dict[Route, Side]

    def ask(self) -> Answered:
        """Ask the model."""
        attempt = self._attempt()
        with attempt:
            answer = attempt.start()
        return attempt.answered(answer)

    async def aask(self) -> Answered:
        """Ask the model, async."""
        attempt = self._attempt()
        with attempt:
            answer = await cast("Awaitable[object]", attempt.start())
        return attempt.answered(answer)

    def shown(self) -> Shown:
        """Ask the model, and return its answer's text and tokens."""
        return shown_answer(self.ask())

    def _attempt(self) -> Attempt:
        # Without the account: its record is the answer's.
        return Attempt(self.call, replace(self.decision, account=None), self.sides)


def shown_answer(answered: Answered) -> Shown:
    """Return an answer's text and tokens; an object has no text."""
    value = value_of(answered)
    return Shown(value if isinstance(value, str) else None, answered_usage(answered))


def whole_call(call: RoutedCall[object], *, is_async: bool) -> RoutedCall[object] | None:
    """Return a call by the method that returns its answer whole; None if two models' can't be compared.

    Plain answers can, and objects of one class; calls with tools can't.
    """
    name = call.method.removeprefix("a")
    method = _WHOLE.get(name)
    if method is None or call.method not in (name, f"a{name}"):
        return None
    whole = replace(call, method=f"a{method}" if is_async else method)
    if isinstance(whole, ChatCall):
        # The caller may add to the list while another model is still asked.
        whole.messages = list(whole.messages)
    return whole


def value_of(answered: Answered) -> object:
    """Return what is compared of an answer: its text, or its object; None if it calls a tool."""
    value = answered.value
    if isinstance(value, ChatResponse):
        calls_tool = any(isinstance(block, ToolCallBlock) for block in value.message.blocks)
        return None if calls_tool else value.message.content
    return value.text if isinstance(value, CompletionResponse) else value
