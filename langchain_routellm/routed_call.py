"""RoutedCall: one call of a chat model, read once and prepared for whichever side answers it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from langchain_core.language_models import LanguageModelInput
from langchain_core.messages import BaseMessage, HumanMessage
from langchain_core.runnables import Runnable, RunnableConfig

from langchain_routellm import conversation
from langchain_routellm.attempt import Attempt
from langchain_routellm.bound_tools import BoundTools
from langchain_routellm.conversation import spoken
from langchain_routellm.earlier_turns import conversation_of, repeated_share
from langchain_routellm.history import history_for
from langchain_routellm.housekeeping import is_housekeeping
from langchain_routellm.priced_run import with_costs
from langchain_routellm.run_config import ROUTE_KEY, origin_of, override_of, thread_of, with_decision
from langchain_routellm.schema_chains import SchemaChains
from langchain_routellm.side import Side
from langchain_routellm.tool_steps import calls_of, tool_schemas, tool_steps
from routellm_core import Decision, RouterError, RoutingRequest
from routellm_core.routing.call_account import Origin
from routellm_core.routing.capabilities import Need, TierCapabilities
from routellm_core.routing.conversation import Conversation
from routellm_core.routing.decision import Route
from routellm_core.routing.ladder import PAIR, Ladder
from routellm_core.routing.panics import failure_of
from routellm_core.routing.request import scored_text
from routellm_core.routing.shadow_sample import AskedFor
from routellm_core.routing.stuffed_prompt import stuffed_question
from routellm_core.routing.tool_loop import StuckLimits, invalid_calls

# JSON without a schema has no counterpart elsewhere; a schema is translated by the providers' own classes.
_OPENAI_FORMS = ("json_object", "text")

PromptExtractor = Callable[[list[BaseMessage]], str | None]


@dataclass(frozen=True, slots=True)
class Reading:
    """How calls are read, by the pair's settings.

    Attributes:
        capabilities: what the models are known to lack.
        extractor: returns the text to score of a call's messages; None scores the newest human text.
        sticky: whether earlier turns count.
        housekeeping: the side for calls that a program makes for itself; None scores them.
        stuck: when a tool loop counts as stuck; None for never.
        ladder: the tiers.
    """

    capabilities: TierCapabilities
    extractor: PromptExtractor | None = None
    sticky: bool = False
    housekeeping: Route | None = None
    stuck: StuckLimits | None = None
    ladder: Ladder = PAIR


# Not frozen: one is made at each call, and a frozen one takes several times as long to make.
@dataclass(slots=True, eq=False, repr=False)
class RoutedCall:
    """A call's input, configuration and arguments.

    Attributes:
        input: the caller's own.
        turns: the input as messages; None if it is one string.
        config: the call's own over the one of the run that it is made in.
        kwargs: the call's other arguments.
        sides: both sides.
        needs: what the called method needs of a model beyond text, whatever the call holds.
        unsupported: sides that do not have what the called method needs.
        schema: what is known of the schema that the answer is parsed by; None if the answer is a message.
        traced: whether a parent run shows the time that the decision took.
    """

    input: LanguageModelInput
    turns: list[BaseMessage] | None
    config: RunnableConfig
    kwargs: Mapping[str, Any]
    sides: Mapping[Route, Side]
    needs: frozenset[Need] = frozenset()
    unsupported: frozenset[Route] = frozenset()
    traced: bool = False
    schema: SchemaChains | None = None

    @property
    def messages(self) -> list[BaseMessage]:
        """The input as messages."""
        return [HumanMessage(str(self.input))] if self.turns is None else self.turns

    def request(self, reading: Reading) -> RoutingRequest:
        """Describe the call for the policy, with what its configuration sets.

        Raises:
            ValueError: a per-call setting that is not one.
        """
        override, needs, unsupported = override_of(self.config), self.needs, self.unsupported
        capabilities = reading.capabilities
        if self.kwargs:
            needs, unsupported = needs | self._argument_needs(), unsupported | self._refusing_sides()
        tokens = None
        if self.turns is not None or capabilities.smallest_window is not None:
            messages = self.messages
            needs = conversation.needs(messages) | needs
            tokens = conversation.estimated_tokens(messages, capabilities.smallest_window)
        text, failure = None, None
        if override.question is None:
            text, failure = self._text(reading.extractor, self.turns)
        sticky, loop = self._bound()
        return RoutingRequest(
            text,
            capabilities.obstacles(needs, tokens, unsupported),
            override.route and reading.ladder.resolved(override.route, ROUTE_KEY),
            override.threshold,
            sticky,
            override.question,
            loop,
            self._housekeeping(reading.housekeeping),
            failure,
            stuck=self._is_stuck(reading.stuck),
            thread_id=thread_of(self.config),
            conversation=self._conversation(reading),
        )

    def is_invalid(self, answer: object) -> bool:
        """Return whether an answer calls a tool that the call does not have, or one in a wrong way."""
        return invalid_calls(calls_of(answer), tool_schemas(self.kwargs.get("tools"))) > 0

    @property
    def asked_for(self) -> AskedFor | None:
        """What is asked for besides a plain answer."""
        if self.schema is not None or self.kwargs.get("response_format"):
            return "object"
        return "tools" if self.kwargs.get("tools") else None

    def _is_stuck(self, limits: StuckLimits | None) -> bool:
        if limits is None or self.turns is None:
            return False
        return limits.are_reached(tool_steps(self.turns), tool_schemas(self.kwargs.get("tools")))

    def _text(
        self, extractor: PromptExtractor | None, turns: list[BaseMessage] | None
    ) -> tuple[str | None, Exception | None]:
        """Return the text to score of some of the call's messages, or why the extractor gave none."""
        if extractor is not None:
            return _extracted(extractor, self.messages if turns is None else turns)
        if turns is None:
            # One string holds one text, and nothing else that matters.
            said: str | None = spoken(str(self.input))
        else:
            said = scored_text(conversation.human_texts(turns))
        return said and (stuffed_question(said) or said), None

    def _conversation(self, reading: Reading) -> Conversation | None:
        if reading.sticky:
            extractor = reading.extractor
            return conversation_of(
                self.messages, lambda turns: self._text(extractor, turns)[0], whole=extractor is not None
            )
        if self.turns is None or len(self.turns) < 2:
            return None
        return Conversation(repeated=partial(repeated_share, self.turns))

    def _housekeeping(self, route: Route | None) -> Route | None:
        if route is None:
            return None
        said = str(self.input) if self.turns is None else self.turns
        return route if is_housekeeping(said, self.config) else None

    @property
    def previous(self) -> Route | None:
        """The side of the conversation's latest routed answer."""
        return conversation.previous_route(self.turns) if self.turns else None

    def origin(self) -> Origin:
        """Return the thread and the run that the call belongs to, if its configuration names them."""
        return origin_of(self.config)

    def attempt(self, decision: Decision, config: RunnableConfig | None = None) -> Attempt:
        """Return what to call for a decision, under the call's own configuration or a child of it."""
        side = self.sides[decision.route].under(self.config)
        runnable, kwargs = self.runnable_of(side)
        record = decision.completed_record()
        return Attempt(
            decision,
            record,
            runnable,
            self.input_for(side),
            with_costs(side.merged_config(with_decision(config or self.config, record)), decision),
            kwargs,
        )

    def input_for(self, side: Side) -> LanguageModelInput:
        """Return the caller's own input, or the messages as a side takes them."""
        if self.turns is None:
            return self.input
        others = [other for route, other in self.sides.items() if route != side.route]
        messages = history_for(self.turns, side, *others)
        return self.input if messages is self.turns else messages

    def runnable_of(self, side: Side) -> tuple[Runnable[Any, Any], dict[str, Any]]:
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

    def _refusing_sides(self) -> frozenset[Route]:
        tools, found = self.kwargs.get("tools"), frozenset[Route]()
        if isinstance(tools, BoundTools):
            found = tools.unsupported(list(self.sides.values()))
        form = self.kwargs.get("response_format")
        if isinstance(form, Mapping) and form.get("type") in _OPENAI_FORMS:
            found |= {route for route, side in self.sides.items() if side.family == "anthropic"}
        return found

    def _bound(self) -> tuple[Route | None, Route | None]:
        """Return the side that an escalated loop stays on, and the one that any other open loop is on."""
        # One message has nothing before it.
        if self.turns is None or len(self.turns) < 2:
            return None, None
        side, escalated = conversation.open_loop(self.turns) or (None, False)
        if side not in self.sides:
            # Another router's.
            return None, None
        return (side, None) if escalated else (None, side)


def _extracted(
    extractor: PromptExtractor, messages: list[BaseMessage]
) -> tuple[str | None, Exception | None]:
    try:
        text = extractor(messages)
    except BaseException as error:
        failure = failure_of(error)
        if failure is None:
            raise
        return None, failure
    if text is None or isinstance(text, str):
        return text, None
    return None, RouterError(f"prompt_extractor returned {type(text).__name__}, expected str or None.")
