"""RoutedCall: one call of a chat model, read once and prepared for whichever side answers it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeVar

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage
from langchain_core.runnables import Runnable, RunnableBinding, RunnableConfig

from langchain_routellm import conversation
from langchain_routellm.bound_tools import BoundTools
from langchain_routellm.conversation import spoken
from langchain_routellm.history import history_for
from langchain_routellm.run_config import override_of, with_decision
from langchain_routellm.side import Side
from routellm_core import Decision, RoutingRequest
from routellm_core.routing.capabilities import Need, PairCapabilities
from routellm_core.routing.decision import Route, other_side
from routellm_core.routing.request import scored_text

A = TypeVar("A", bound=AIMessage)

PromptExtractor = Callable[[list[BaseMessage]], str | None]


class Target(NamedTuple):
    """What to call for one decision: `runnable.invoke(input, config, **kwargs)` or any of its siblings.

    Attributes:
        runnable: the model, or a binding of it.
        input: the caller's own input, or the messages as this side takes them.
        config: with the decision in it.
        kwargs: what else the model is given.
    """

    runnable: Runnable[Any, Any]
    input: Any
    config: RunnableConfig
    kwargs: dict[str, Any]

    def unbound(self) -> tuple[BaseChatModel, dict[str, Any]]:
        """Return the model itself and all arguments, for methods that a binding does not have."""
        if isinstance(self.runnable, RunnableBinding):
            return self.runnable.bound, {**self.runnable.kwargs, **self.kwargs}  # type: ignore[return-value]
        return self.runnable, self.kwargs  # type: ignore[return-value]  # a side's call is a model or its binding


# Not frozen: one is made at each call, and a frozen one takes several times as long to make.
@dataclass(slots=True, eq=False)
class RoutedCall:
    """A call's input, configuration and arguments.

    Attributes:
        input: the caller's own.
        conversation: what it says in messages; None where it is one string.
        config: the call's own over the one of the run that it is made in.
        kwargs: the call's other arguments.
        sides: both sides.
    """

    input: Any
    conversation: list[BaseMessage] | None
    config: RunnableConfig
    kwargs: Mapping[str, Any]
    sides: Mapping[Route, Side]

    @property
    def messages(self) -> list[BaseMessage]:
        """What the input says, in messages."""
        return [HumanMessage(self.input)] if self.conversation is None else self.conversation

    def request(
        self,
        *,
        extractor: PromptExtractor | None,
        sticky: bool,
        capabilities: PairCapabilities,
        needs: frozenset[Need],
        unsupported: frozenset[Route],
    ) -> RoutingRequest:
        """Describe the call for the policy, with what its configuration sets.

        Raises:
            ValueError: a per-call setting that is not one.
        """
        messages, override = self.conversation, override_of(self.config)
        if self.kwargs:
            needs, unsupported = needs | self._argument_needs(), unsupported | self._unsupported()
        window, tokens, sticky_side = capabilities.smallest_window, None, None
        if messages is None and extractor is None and window is None:
            # One string holds one text, and nothing else that matters.
            text = spoken(self.input) or None
        else:
            messages = self.messages
            text = extractor(messages) if extractor else scored_text(conversation.human_texts(messages))
            needs = conversation.needs(messages) | needs
            tokens = conversation.estimated_tokens(messages, window)
            sticky_side = self._sticky(sticky)
        return RoutingRequest(
            text,
            capabilities.obstacles(needs, tokens, unsupported),
            override.route,
            override.threshold,
            sticky_side,
            override.question,
        )

    @property
    def previous(self) -> Route | None:
        """The side of the conversation's latest routed answer."""
        return conversation.previous_route(self.conversation) if self.conversation else None

    def target(self, decision: Decision, config: RunnableConfig | None = None) -> Target:
        """Return what to call for a decision, under the call's own configuration or a child of it."""
        side = self.sides[decision.route]
        runnable, kwargs = self._runnable(side)
        return Target(
            runnable,
            self._input_for(side, decision.route),
            side.merged_config(with_decision(config or self.config, decision)),
            kwargs,
        )

    def _input_for(self, side: Side, route: Route) -> Any:
        """Return the caller's own input, or the messages as a side takes them."""
        if self.conversation is None:
            return self.input
        messages = history_for(self.conversation, side, self.sides[other_side(route)])
        return self.input if messages is self.conversation else messages

    def _runnable(self, side: Side) -> tuple[Runnable[Any, Any], dict[str, Any]]:
        """Return what to call of a side, and the arguments that are not bound to it yet."""
        kwargs = {**side.kwargs, **self.kwargs}
        if not kwargs:
            return side.model, kwargs
        tools = kwargs.get("tools")
        if isinstance(tools, BoundTools):
            return tools.bound_to(side, kwargs), {}
        return side.model, kwargs

    def _argument_needs(self) -> frozenset[Need]:
        found: set[Need] = set()
        if self.kwargs.get("tools"):
            found.add("tools")
        if self.kwargs.get("response_format"):
            found.add("structured_output")
        return frozenset(found)

    def _unsupported(self) -> frozenset[Route]:
        tools = self.kwargs.get("tools")
        return tools.unsupported(list(self.sides.values())) if isinstance(tools, BoundTools) else frozenset()

    def _sticky(self, by_conversation: bool) -> Route | None:
        # One message has nothing before it.
        if self.conversation is None or len(self.conversation) == 1:
            return None
        if by_conversation and conversation.was_strong(self.conversation):
            return "strong"
        return conversation.escalated_in_open_loop(self.conversation)


def with_record(message: A, decision: Decision) -> A:
    """Return a copy of an answer that carries the decision; the original may lie in a cache."""
    metadata = {**message.response_metadata, "routellm": decision.record()}
    return message.model_copy(update={"response_metadata": metadata})
