"""Decider: one decision for each call, counted, and with its account opened; for both adapters."""

from __future__ import annotations

import logging
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

from routellm_core.checkpoints.explanation import Explanation
from routellm_core.router import Router
from routellm_core.routing.budget import Budget
from routellm_core.routing.call_account import NO_ORIGIN, CallAccount, Origin
from routellm_core.routing.conversation import Place
from routellm_core.routing.conversation_memory import ConversationMemory
from routellm_core.routing.decision import Decision, Route
from routellm_core.routing.decision_log import new_decision_id
from routellm_core.routing.gates import GATES
from routellm_core.routing.journal import Journal
from routellm_core.routing.override import current_override
from routellm_core.routing.panics import failure_of
from routellm_core.routing.policy import RoutingPolicy
from routellm_core.routing.request import RoutingRequest
from routellm_core.routing.routing_counter import RoutingCounter
from routellm_core.routing.shadow_sample import AskedFor, Sampled, ShadowSample
from routellm_core.routing.shown_answer import ShownAnswer

_LOG = logging.getLogger("routellm")

OriginOf = Callable[[], Origin]


def _no_origin() -> Origin:
    return NO_ORIGIN


@dataclass(frozen=True)
class Decider:
    """Decides a call inside the `routing(...)` blocks around it, and counts it.

    Attributes:
        policy: decides.
        counter: counts calls and the tokens of whole answers; streams count theirs themselves.
        shadow: strong always answers, and the decision only records what would have happened.
        journal: is told of every call when it ends; None if nobody is.
        budget: what strong may cost in a period; None for no limit.
        memory: is told who answers in named conversations.
        sample: in shadow mode, has weak answer some calls as well; None for none.
    """

    policy: RoutingPolicy
    counter: RoutingCounter = field(default_factory=RoutingCounter)
    shadow: bool = False
    journal: Journal | None = None
    budget: Budget | None = None
    memory: ConversationMemory = field(default_factory=ConversationMemory)
    sample: ShadowSample | None = None

    def is_sampled(self, decision: Decision) -> bool:
        """Return whether weak is to answer a call as well, once strong has."""
        return self.sample is not None and self.shadow and self.sample.takes(decision)

    def answer_in_shadow(
        self,
        decision: Decision,
        strong: Callable[[], ShownAnswer],
        ask: Callable[[], ShownAnswer],
        asked_for: AskedFor | None = None,
    ) -> None:
        """Have weak answer a sampled call as well, in the background; never raises and never waits.

        A call that weak is known not to serve is left out, and counted.

        Args:
            decision: of the call.
            strong: returns strong's answer.
            ask: asks weak, in another thread.
            asked_for: "tools" or "object" where the call has tools or a schema.
        """
        if self.sample is None or self.journal is None:
            return
        lowest = self.policy.ladder.lowest
        if lowest in decision.barred or (decision.reason in GATES and decision.shadow_route != lowest):
            self.counter.count_sampled("left_out")
            return
        try:
            answer = strong()
            # Written now: what the caller does to an object afterwards is not the answer's.
            answer = answer._replace(value=answer.written)
            self.sample.submit(Sampled(decision, answer, ask, self.journal, self.counter, asked_for))
        except Exception as error:
            self.counter.count_sampled("left_out")
            _LOG.warning("a call is left out of the shadow sample (%s).", type(error).__name__)

    def preview(self, request: RoutingRequest) -> Decision:
        """Return how a call would be routed, without counting it; waits for the router if need be."""
        request = request.overridden(current_override())
        decision = self.policy.preview(request)
        if self.budget is not None:
            decision = self.budget.preview(decision)
        return _placed(self._in_mode(decision), request)

    def explain(self, request: RoutingRequest) -> Explanation:
        """Return what moved the score of the text that a call would be scored by; see `Router.explain`.

        Raises:
            ValueError: the router explains nothing, or no score has a say in the call.
            RouterError: there is no score.
        """
        request = request.overridden(current_override())
        router = self.policy.router
        if type(router).explain is Router.explain:
            raise ValueError(
                f"the router {router.name!r} can't explain its scores; route(...).score is what it gives. "
                "The one that ships can, and so can those that `routellm adapt` makes."
            )
        decision = replace(self.policy, on_router_error="raise").preview(request)
        if decision.score is None:
            raise ValueError(
                f"no score decides this call: it goes to {decision.route}, for the reason "
                f"{decision.reason!r}."
            )
        return replace(router.explain(request.scored), text=request.scored)

    def decide(
        self, request: RoutingRequest, previous: Route | None = None, origin: OriginOf = _no_origin
    ) -> Decision:
        """Decide a call and count it.

        Args:
            request: the call.
            previous: the side of the conversation's last answer, where the history says.
            origin: says where the call comes from; asked only where somebody is told.
        """
        request = request.overridden(current_override())
        return self._counted(request, self.policy.decide(request), previous, origin)

    def decide_at_once(
        self, request: RoutingRequest, previous: Route | None = None, origin: OriginOf = _no_origin
    ) -> Decision | None:
        """Decide a call and count it where an event loop may wait for it; None if `adecide` has to."""
        request = request.overridden(current_override())
        decision = self.policy.decide_at_once(request)
        return None if decision is None else self._counted(request, decision, previous, origin)

    async def adecide(
        self, request: RoutingRequest, previous: Route | None = None, origin: OriginOf = _no_origin
    ) -> Decision:
        """Decide a call and count it, without blocking the event loop."""
        request = request.overridden(current_override())
        # Most calls are decided in microseconds, and need no coroutine for it.
        decision = self.policy.decide_at_once(request) or await self.policy.adecide(request)
        return self._counted(request, decision, previous, origin)

    def settled(self, decision: Decision, origin: OriginOf = _no_origin) -> Decision:
        """Count a decision that `preview` made for a call that is made now."""
        return self._opened(self.policy.settled(decision), None, origin)

    @staticmethod
    def failed(decision: Decision, error: Exception) -> None:
        """End the account of a call that failed before `answer` or `stream` was asked for it."""
        if decision.account is not None:
            decision.account.__exit__(type(error), error, None)

    def score_ahead(self, requests: Sequence[RoutingRequest]) -> None:
        """Score the texts of many calls in one call to the router, for `decide` to find."""
        override = current_override()
        self.policy.score_ahead([request.overridden(override) for request in requests])

    async def ascore_ahead(self, requests: Sequence[RoutingRequest]) -> None:
        """Score the texts of many calls in one call to the router, without blocking the event loop."""
        override = current_override()
        await self.policy.ascore_ahead([request.overridden(override) for request in requests])

    def _in_mode(self, decision: Decision) -> Decision:
        return decision.shadowed(self.policy.ladder.top) if self.shadow else decision

    def _counted(
        self, request: RoutingRequest, decision: Decision, previous: Route | None, origin: OriginOf
    ) -> Decision:
        if self.budget is not None:
            decision = self.budget.decide(decision)
        decision = _placed(self._in_mode(decision), request)
        if previous is None and decision.place is not None:
            previous = self.memory.route(decision.place.thread_id)
        if decision.reason == "housekeeping":
            # It is about the conversation, and no turn of it.
            previous = None
        if previous not in (None, decision.route) and request.conversation is not None:
            decision = replace(decision, repeated=request.conversation.repeated())
        return self._opened(decision, previous, origin)

    def _opened(self, decision: Decision, previous: Route | None, origin: OriginOf) -> Decision:
        """Count a decision, and open its account where anybody is told of it."""
        if self.journal is not None:
            decision = replace(decision, id=new_decision_id())
        self.counter.count(decision, previous)
        self.memory.note(decision)
        if self._listeners or self.counter.prices is not None:
            come_from = origin() if self.journal is not None else NO_ORIGIN
            if decision.place is not None:
                come_from = come_from._replace(thread_id=decision.place.thread_id)
            prices, top = self.counter.prices, self.policy.ladder.top
            read_cost = _read_cost(self.policy.router, decision.text) if decision.text else 0.0
            account = CallAccount(decision, prices, come_from, self._listeners, top, read_cost)
            decision = replace(decision, account=account)
        return decision

    @cached_property
    def _listeners(self) -> tuple[Callable[[CallAccount], None], ...]:
        told: list[Callable[[CallAccount], None]] = []
        if self.budget is not None:
            told.append(self.budget.spend)
        if self.journal is not None:
            told.append(self.journal.write)
        return tuple(told)


def _read_cost(router: Router, text: str) -> float:
    """Return what reading a text has cost; 0 if the router can't tell an amount, which fails no call."""
    try:
        cost = float(router.reading_cost(text))
    except BaseException as error:
        if failure_of(error) is None:
            raise
        return 0.0
    return cost if 0.0 <= cost < math.inf else 0.0


def _placed(decision: Decision, request: RoutingRequest) -> Decision:
    """Return a decision that says where in which named conversation its call is made."""
    if request.thread_id is None:
        return decision
    turn = None if request.conversation is None else request.conversation.turn
    return replace(decision, place=Place(request.thread_id, turn))
