"""UnseenCall: a call whose answer the caller never sees, such as a checker's; only tracers show it."""

from __future__ import annotations

from collections.abc import Awaitable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, cast

from llama_index.core.base.llms.types import ChatResponse, CompletionResponse

from llamaindex_routellm.answered import Answered, answered_usage
from llamaindex_routellm.attempt import Attempt
from llamaindex_routellm.routed_call import ChatCall, RoutedCall
from llamaindex_routellm.side import Side
from llamaindex_routellm.tool_call import ToolCall
from llamaindex_routellm.tool_steps import calls_of, calls_run
from routellm_core import Decision
from routellm_core.routing.decision import Route
from routellm_core.routing.shadow_sample import AskedFor
from routellm_core.routing.shown_answer import ShownAnswer

if TYPE_CHECKING:
    from llama_index.core.chat_engine.types import AgentChatResponse

_WHOLE = {
    "stream_chat": "chat",
    "stream_complete": "complete",
    "stream": "predict",
    "stream_structured_predict": "structured_predict",
    "stream_chat_with_tools": "chat_with_tools",
}
"""Method that streams -> the one that returns the same answer whole; all have a twin with "a" in front that
is awaited."""


@dataclass(frozen=True)
class UnseenCall:
    """A routed call's input, for another model, with the same tools or class; it runs no tool.

    Attributes:
        call: of a method that returns a whole answer; see `whole_call`.
        decision: of the routed call.
        route: the side that is asked: one of the pair's, or "checker".
        sides: the pair's, and that one.
    """

    call: RoutedCall[object]
    decision: Decision
    route: Route
    sides: dict[Route, Side]

    def ask(self) -> ShownAnswer:
        """Ask the model, and return what its answer shows."""
        attempt = self._attempt()
        with attempt:
            answer = attempt.start()
        return shown_answer(attempt.answered(answer))

    async def aask(self) -> ShownAnswer:
        """Ask the model, async."""
        attempt = self._attempt()
        with attempt:
            answer = await cast("Awaitable[object]", attempt.start())
        return shown_answer(attempt.answered(answer))

    def _attempt(self) -> Attempt:
        # Without the account: its record is the answer's.
        return Attempt(self.call, replace(self.decision, route=self.route, account=None), self.sides)


def shown_answer(answered: Answered) -> ShownAnswer:
    """Return an answer's text, tool calls or object, and its tokens."""
    return ShownAnswer(value_of(answered), answered_usage(answered))


def whole_call(call: RoutedCall[object], *, is_async: bool) -> RoutedCall[object]:
    """Return a call by the method that returns its answer whole, and runs no tools."""
    if isinstance(call, ToolCall) and call.runs_tools:
        call = call.without_running()
    name = call.method.removeprefix("a")
    name = _WHOLE.get(name, name)
    whole = replace(call, method=f"a{name}" if is_async else name)
    if isinstance(whole, ChatCall):
        # The caller may add to the list while another model is still asked.
        whole.messages = list(whole.messages)
    return whole


def asked_for(call: RoutedCall[object]) -> AskedFor | None:
    """Return what a call asks for besides a plain answer."""
    needs = call.needs()
    return "object" if "structured_output" in needs else "tools" if "tools" in needs else None


def value_of(answered: Answered) -> object:
    """Return what is compared of an answer: its tool calls, its text, or its object."""
    value = answered.value
    if isinstance(value, ChatResponse):
        return calls_of(value) or value.message.content
    if isinstance(value, CompletionResponse):
        return value.text
    if hasattr(value, "sources") and hasattr(value, "response"):
        ran = cast("AgentChatResponse", value)
        return calls_run(ran.sources) or ran.response
    return value
