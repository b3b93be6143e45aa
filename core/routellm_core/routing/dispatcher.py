"""Dispatcher: one routed call from decision to answer, for both adapters.

It applies the `routing(...)` blocks around a call, decides once, counts, hands the call to whatever `ask`
does with the chosen side, and asks the other side at most once if the escalation says so. Sync and async,
whole and streamed answers differ in the delegate call only.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable, Generator, Sequence
from contextlib import aclosing, closing, nullcontext
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, TypeVar

from routellm_core.routing.budget import Budget
from routellm_core.routing.call_account import NO_ORIGIN, CallAccount, Origin
from routellm_core.routing.decision import Decision, Route
from routellm_core.routing.decision_log import new_decision_id
from routellm_core.routing.escalation import Escalation, UnparsedAnswerError
from routellm_core.routing.journal import Journal
from routellm_core.routing.override import current_override
from routellm_core.routing.policy import RoutingPolicy
from routellm_core.routing.prices import TokenUsage
from routellm_core.routing.request import RoutingRequest
from routellm_core.routing.routing_counter import RoutingCounter

T = TypeVar("T")

OriginOf = Callable[[], Origin]

IsInvalid = Callable[[Any], bool]


def _no_usage(answer: Any) -> None:
    return None


def _no_origin() -> Origin:
    return NO_ORIGIN


@dataclass(frozen=True)
class Dispatcher:
    """What both adapters do with a call, given how their host asks a model.

    Attributes:
        policy: decides.
        escalation: whether the other side is asked as well.
        counter: counts calls and the tokens of whole answers; streams count theirs themselves.
        shadow: strong always answers, and the decision only records what would have happened.
        usage_of: the tokens of a message; None where they are unknown.
        journal: is told of every call when it ends; None where nobody is.
        budget: what strong may cost in a period; None for no limit.
    """

    policy: RoutingPolicy
    escalation: Escalation = field(default_factory=Escalation)
    counter: RoutingCounter = field(default_factory=RoutingCounter)
    shadow: bool = False
    usage_of: Callable[[Any], TokenUsage | None] = _no_usage
    journal: Journal | None = None
    budget: Budget | None = None

    def preview(self, request: RoutingRequest) -> Decision:
        """Return how a call would be routed, without counting it; waits for the router if need be."""
        decision = self.policy.preview(request.overridden(current_override()))
        if self.budget is not None:
            decision = self.budget.preview(decision)
        return self._in_mode(decision)

    def decide(
        self, request: RoutingRequest, previous: Route | None = None, origin: OriginOf = _no_origin
    ) -> Decision:
        """Decide a call and count it.

        Args:
            request: the call.
            previous: the side of the conversation's last answer, where known.
            origin: says where the call comes from; asked only where somebody is told.
        """
        return self._counted(self.policy.decide(request.overridden(current_override())), previous, origin)

    def decide_at_once(
        self, request: RoutingRequest, previous: Route | None = None, origin: OriginOf = _no_origin
    ) -> Decision | None:
        """Decide a call and count it where an event loop may wait for it; None where `adecide` has to."""
        decision = self.policy.decide_at_once(request.overridden(current_override()))
        return None if decision is None else self._counted(decision, previous, origin)

    async def adecide(
        self, request: RoutingRequest, previous: Route | None = None, origin: OriginOf = _no_origin
    ) -> Decision:
        """Decide a call and count it, without blocking the event loop."""
        request = request.overridden(current_override())
        # Most calls are decided in microseconds, and need no coroutine for it.
        decision = self.policy.decide_at_once(request) or await self.policy.adecide(request)
        return self._counted(decision, previous, origin)

    def settled(self, decision: Decision, origin: OriginOf = _no_origin) -> Decision:
        """Count a decision that `preview` made for a call that is made now."""
        return self._opened(self.policy.settled(decision), None, origin)

    @staticmethod
    def failed(decision: Decision, error: Exception) -> None:
        """End the account of a call that failed before `answer` or `stream` was asked for it."""
        if decision.account is not None:
            decision.account.__exit__(type(error), error, None)

    def _counted(self, decision: Decision, previous: Route | None, origin: OriginOf) -> Decision:
        if self.budget is not None:
            decision = self.budget.decide(decision)
        return self._opened(self._in_mode(decision), previous, origin)

    def _opened(self, decision: Decision, previous: Route | None, origin: OriginOf) -> Decision:
        """Count a decision, and open its account where anybody is told of it."""
        if self.journal is not None:
            decision = replace(decision, id=new_decision_id())
        self.counter.count(decision, previous)
        if self._listeners or self.counter.prices is not None:
            come_from = origin() if self.journal is not None else NO_ORIGIN
            account = CallAccount(decision, self.counter.prices, come_from, self._listeners)
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

    def score_ahead(self, requests: Sequence[RoutingRequest]) -> None:
        """Score the texts of many calls in one call to the router, for `decide` to find."""
        override = current_override()
        self.policy.score_ahead([request.overridden(override) for request in requests])

    async def ascore_ahead(self, requests: Sequence[RoutingRequest]) -> None:
        """Score the texts of many calls in one call to the router, without blocking the event loop."""
        override = current_override()
        await self.policy.ascore_ahead([request.overridden(override) for request in requests])

    def answer(
        self,
        decision: Decision,
        ask: Callable[[Decision], T],
        message_of: Callable[[T], Any] | None = None,
        *,
        final: bool = False,
        is_invalid: IsInvalid | None = None,
        is_shown: Callable[[], bool] | None = None,
    ) -> T:
        """Return a whole answer.

        Args:
            decision: the one made by `decide`.
            ask: asks the side of the decision it is given; called again, once, after an escalation.
            message_of: the host's own message behind an answer, for `escalate_if` and the tokens; None where
                the answer is that message.
            final: the answer stands whatever `escalate_if` says, as one does that had effects of its own.
            is_invalid: whether a message calls a tool in a wrong way, for `escalate_on="invalid_tool_call"`.
            is_shown: whether something of the answer was shown already: an error is the caller's then.
        """
        if decision.account is None:
            return self._answer(decision, ask, message_of, final, is_invalid, is_shown)
        with decision.account:
            return self._answer(decision, ask, message_of, final, is_invalid, is_shown)

    def _answer(
        self,
        decision: Decision,
        ask: Callable[[Decision], T],
        message_of: Callable[[T], Any] | None,
        final: bool,
        is_invalid: IsInvalid | None,
        is_shown: Callable[[], bool] | None,
    ) -> T:
        while True:
            try:
                answer = ask(decision)
            except Exception as error:
                following = None if is_shown and is_shown() else self._after_error(decision, error)
                if following is None:
                    raise
            else:
                message = message_of(answer) if message_of else answer
                following = self._after_answer(decision, message, final, is_invalid)
                if following is None:
                    return answer
            decision = following

    async def aanswer(
        self,
        decision: Decision,
        ask: Callable[[Decision], Awaitable[T]],
        message_of: Callable[[T], Any] | None = None,
        *,
        final: bool = False,
        is_invalid: IsInvalid | None = None,
        is_shown: Callable[[], bool] | None = None,
    ) -> T:
        """Return a whole answer, async."""
        if decision.account is None:
            return await self._aanswer(decision, ask, message_of, final, is_invalid, is_shown)
        with decision.account:
            return await self._aanswer(decision, ask, message_of, final, is_invalid, is_shown)

    async def _aanswer(
        self,
        decision: Decision,
        ask: Callable[[Decision], Awaitable[T]],
        message_of: Callable[[T], Any] | None,
        final: bool,
        is_invalid: IsInvalid | None,
        is_shown: Callable[[], bool] | None,
    ) -> T:
        while True:
            try:
                answer = await ask(decision)
            except Exception as error:
                following = None if is_shown and is_shown() else self._after_error(decision, error)
                if following is None:
                    raise
            else:
                message = message_of(answer) if message_of else answer
                following = self._after_answer(decision, message, final, is_invalid)
                if following is None:
                    return answer
            decision = following

    def stream(
        self,
        decision: Decision,
        ask: Callable[[Decision], Generator[T, None, None]],
        is_token: Callable[[T], bool],
        whole: Callable[[list[T]], Any] | None = None,
        is_invalid: IsInvalid | None = None,
    ) -> Generator[T, None, None]:
        """Yield a streamed answer; once `is_token` was true of a chunk, nothing is retried.

        Args:
            decision: the one made by `decide`.
            ask: asks the side of the decision it is given; called again, once, after an escalation.
            is_token: whether a chunk shows something of the answer.
            whole: the host's own message of all chunks: where weak's answer may be rejected, its chunks are
                held until it was judged. None: streamed answers are not judged.
            is_invalid: as in `answer`.
        """
        with decision.account or nullcontext():
            yield from self._stream(decision, ask, is_token, whole, is_invalid)

    def _stream(
        self,
        decision: Decision,
        ask: Callable[[Decision], Generator[T, None, None]],
        is_token: Callable[[T], bool],
        whole: Callable[[list[T]], Any] | None,
        is_invalid: IsInvalid | None,
    ) -> Generator[T, None, None]:
        while True:
            held: list[T] = []
            judged = whole if self._judges(decision) else None
            with closing(ask(decision)) as chunks:
                try:
                    for chunk in chunks:
                        held.append(chunk)
                        if judged is None and is_token(chunk):
                            break
                except Exception as error:
                    following = self._after_error(decision, error)
                    if following is None:
                        yield from held
                        raise
                else:
                    following = judged and self._after_stream(decision, judged(held), is_invalid)
                    if following is None:
                        yield from held
                        yield from chunks
                        return
            decision = following

    async def astream(
        self,
        decision: Decision,
        ask: Callable[[Decision], AsyncGenerator[T, None]],
        is_token: Callable[[T], bool],
        whole: Callable[[list[T]], Any] | None = None,
        is_invalid: IsInvalid | None = None,
    ) -> AsyncGenerator[T, None]:
        """Yield a streamed answer, async."""
        with decision.account or nullcontext():
            async with aclosing(self._astream(decision, ask, is_token, whole, is_invalid)) as chunks:
                async for chunk in chunks:
                    yield chunk

    async def _astream(
        self,
        decision: Decision,
        ask: Callable[[Decision], AsyncGenerator[T, None]],
        is_token: Callable[[T], bool],
        whole: Callable[[list[T]], Any] | None,
        is_invalid: IsInvalid | None,
    ) -> AsyncGenerator[T, None]:
        while True:
            held: list[T] = []
            judged = whole if self._judges(decision) else None
            async with aclosing(ask(decision)) as chunks:
                try:
                    async for chunk in chunks:
                        held.append(chunk)
                        if judged is None and is_token(chunk):
                            break
                except Exception as error:
                    following = self._after_error(decision, error)
                    if following is None:
                        for chunk in held:
                            yield chunk
                        raise
                else:
                    following = judged and self._after_stream(decision, judged(held), is_invalid)
                    if following is None:
                        for chunk in held:
                            yield chunk
                        async for chunk in chunks:
                            yield chunk
                        return
            decision = following

    def _in_mode(self, decision: Decision) -> Decision:
        return decision.shadowed() if self.shadow else decision

    def _after_error(self, decision: Decision, error: Exception) -> Decision | None:
        # In shadow mode strong answers every call, or fails it.
        following = None if self.shadow else self.escalation.after_error(decision, error)
        if following is not None:
            unparsed = error if isinstance(error, UnparsedAnswerError) else None
            self.counter.count_escalation(following, unparsed.usage if unparsed else None)
            self._note(following, "parse_error" if unparsed else type(error).__name__)
        return following

    def _after_answer(
        self, decision: Decision, message: Any, final: bool, is_invalid: IsInvalid | None
    ) -> Decision | None:
        usage = self.usage_of(message)
        self.counter.count_tokens(decision, usage)
        following = None if final else self.escalation.after_answer(decision, message, is_invalid)
        if following is not None:
            self.counter.count_escalation(following, usage)
            self._note(following, "rejected")
        return following

    def _judges(self, decision: Decision) -> bool:
        return not self.shadow and self.escalation.judges(decision)

    def _after_stream(
        self, decision: Decision, message: Any, is_invalid: IsInvalid | None
    ) -> Decision | None:
        """Judge an answer that was streamed, and whose tokens the stream counts."""
        following = self.escalation.after_answer(decision, message, is_invalid)
        if following is not None:
            self.counter.count_escalation(following, self.usage_of(message))
            self._note(following, "rejected")
        return following

    @staticmethod
    def _note(following: Decision, cause: str) -> None:
        if following.account is not None:
            following.account.escalated(following, cause)
