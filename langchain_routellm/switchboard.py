"""Switchboard: decides each call of the router and connects it with one of the two models.

Counting and escalation are core's `Dispatcher`; here is how LangChain's models are described to it and asked.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable, Generator
from contextlib import aclosing, closing, nullcontext
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar

from langchain_core.runnables import RunnableConfig

from langchain_routellm.attempt import Attempt
from langchain_routellm.attempt_context import astepped, inherited, stepped
from langchain_routellm.routed_call import Reading, RoutedCall
from langchain_routellm.routing_run import NO_RUN, NoRun, RoutingRun, routing_run
from langchain_routellm.shown_attempts import ShownAttempts
from langchain_routellm.side import Side
from langchain_routellm.unseen_call import UnseenCall, value_of
from langchain_routellm.usage import message_usage
from routellm_core import Decision, RoutingRequest
from routellm_core.routing.decision import Route
from routellm_core.routing.disagreement import SecondOpinion
from routellm_core.routing.dispatcher import Dispatcher
from routellm_core.routing.escalation import UnparsedAnswerError
from routellm_core.routing.routing_counter import RoutingCounter
from routellm_core.routing.shown_answer import ShownAnswer

T = TypeVar("T")

Asking = Callable[[Attempt], Awaitable[T]]
MessageOf = Callable[[T], object]


@dataclass(frozen=True)
class Switchboard:
    """The models and what is known of routing between them.

    Attributes:
        sides: by route, with the router's own settings pushed down to their models.
        dispatcher: decides, counts and escalates.
        reading: how calls are read.
        checker: the other cheap model of `escalate_if`; None if there is none.
    """

    sides: dict[Route, Side]
    dispatcher: Dispatcher
    reading: Reading
    checker: Side | None = None

    @property
    def top(self) -> Side:
        """The strong side, or the highest tier."""
        return self.sides[self.dispatcher.policy.ladder.top]

    @property
    def counter(self) -> RoutingCounter:
        """What counts; streams count their own tokens."""
        return self.dispatcher.counter

    def request(self, call: RoutedCall) -> RoutingRequest:
        """Describe a call for the policy.

        Raises:
            ValueError: a per-call setting that is not one.
        """
        return call.request(self.reading)

    def preview(self, call: RoutedCall) -> Decision:
        """Return how a call would be routed, without making or counting it."""
        return self.dispatcher.preview(self.request(call))

    def answer(
        self, call: RoutedCall, ask: Callable[[Attempt], T], message_of: Callable[[T], object] | None = None
    ) -> T:
        """Return a whole answer.

        Args:
            call: as read by the router.
            ask: asks the model of the attempt it is given; called again, once, after an escalation.
            message_of: the message behind an answer; None if the answer is one.
        """

        def shown_of(answer: T) -> ShownAnswer:
            return _shown_answer(call, answer, message_of(answer) if message_of else answer)

        with routing_run(call) as run:
            shown = self._shown(call, is_async=False)

            def ask_shown(decision: Decision) -> T:
                attempt = self._attempt(shown, run.attempt(call, decision), parsed=message_of is not None)
                shown.discard()
                with inherited(attempt.config) if shown.holds else nullcontext():
                    return ask(attempt)

            decision = self.dispatcher.decide(self.request(call), call.previous, call.origin)
            try:
                answer = self.dispatcher.answer(
                    decision,
                    ask_shown,
                    message_of,
                    is_invalid=call.is_invalid,
                    is_shown=shown.is_shown,
                    opinion=self._opinion(call, run, shown_of, is_async=False),
                )
            except UnparsedAnswerError as unparsed:
                outcome: T = unparsed.as_the_host_does()
                return outcome
            finally:
                shown.release()
        if self.dispatcher.is_sampled(decision):
            self._answer_in_shadow(call, decision, partial(shown_of, answer))
        return answer

    def aanswer(
        self, call: RoutedCall, ask: Asking[T], message_of: MessageOf[T] | None = None
    ) -> Awaitable[T]:
        """Return a whole answer, async."""
        if call.traced:
            return self._awithin_run(call, ask, message_of)
        # One coroutine less to resume at every step of the answer's way.
        return self._aanswer(call, NO_RUN, ask, message_of)

    async def _awithin_run(self, call: RoutedCall, ask: Asking[T], message_of: MessageOf[T] | None) -> T:
        async with routing_run(call) as run:
            return await self._aanswer(call, run, ask, message_of)

    async def _aanswer(
        self,
        call: RoutedCall,
        run: RoutingRun | NoRun,
        ask: Asking[T],
        message_of: MessageOf[T] | None,
    ) -> T:
        def shown_of(answer: T) -> ShownAnswer:
            return _shown_answer(call, answer, message_of(answer) if message_of else answer)

        shown = self._shown(call, is_async=True)

        async def ask_shown(decision: Decision) -> T:
            attempt = self._attempt(shown, run.attempt(call, decision), parsed=message_of is not None)
            if shown.has_earlier:
                await shown.adiscard()
            if not shown.holds:
                return await ask(attempt)
            with inherited(attempt.config):
                return await ask(attempt)

        decision = await self.dispatcher.adecide(self.request(call), call.previous, call.origin)
        try:
            answer = await self.dispatcher.aanswer(
                decision,
                ask_shown,
                message_of,
                is_invalid=call.is_invalid,
                is_shown=shown.is_shown,
                opinion=self._opinion(call, run, shown_of, is_async=True),
            )
        except UnparsedAnswerError as unparsed:
            outcome: T = unparsed.as_the_host_does()
            return outcome
        finally:
            if shown.holds:
                await shown.arelease()
        if self.dispatcher.is_sampled(decision):
            self._answer_in_shadow(call, decision, partial(shown_of, answer))
        return answer

    def stream(
        self,
        call: RoutedCall,
        ask: Callable[[Attempt], Generator[T, None, None]],
        is_token: Callable[[T], bool],
        whole: Callable[[list[T]], object],
    ) -> Generator[T, None, None]:
        """Yield a streamed answer; once `is_token` was true of a part, no other model is asked.

        `whole` makes a message of all parts: where weak's answer may be rejected, it is held until then.
        """
        with routing_run(call) as run:
            shown = self._shown(call, is_async=False)

            def ask_shown(decision: Decision) -> Generator[T, None, None]:
                attempt = self._attempt(shown, run.attempt(call, decision))
                shown.discard()
                return stepped(attempt.config, ask(attempt)) if shown.holds else ask(attempt)

            decision = self.dispatcher.decide(self.request(call), call.previous, call.origin)
            shown_of = partial(_shown_stream, call, whole)
            opinion = self._opinion(call, run, shown_of, is_async=False)
            parts = self.dispatcher.stream(decision, ask_shown, is_token, whole, call.is_invalid, opinion)
            kept: list[T] | None = [] if self.dispatcher.is_sampled(decision) else None
            try:
                with closing(parts):
                    for part in parts:
                        shown.release()
                        if kept is not None:
                            kept.append(part)
                        yield part
            finally:
                shown.release()
        if kept is not None:
            self._answer_in_shadow(call, decision, partial(shown_of, kept))

    async def astream(
        self,
        call: RoutedCall,
        ask: Callable[[Attempt], AsyncGenerator[T, None]],
        is_token: Callable[[T], bool],
        whole: Callable[[list[T]], object],
    ) -> AsyncGenerator[T, None]:
        """Yield a streamed answer, async."""
        async with routing_run(call) as run:
            shown = self._shown(call, is_async=True)

            def ask_shown(decision: Decision) -> AsyncGenerator[T, None]:
                attempt = self._attempt(shown, run.attempt(call, decision))
                parts = astepped(attempt.config, ask(attempt)) if shown.holds else ask(attempt)
                return after_discarding(parts) if shown.has_earlier else parts

            async def after_discarding(parts: AsyncGenerator[T, None]) -> AsyncGenerator[T, None]:
                await shown.adiscard()
                async with aclosing(parts):
                    async for part in parts:
                        yield part

            decision = await self.dispatcher.adecide(self.request(call), call.previous, call.origin)
            shown_of = partial(_shown_stream, call, whole)
            opinion = self._opinion(call, run, shown_of, is_async=True)
            parts = self.dispatcher.astream(decision, ask_shown, is_token, whole, call.is_invalid, opinion)
            kept: list[T] | None = [] if self.dispatcher.is_sampled(decision) else None
            try:
                async with aclosing(parts):
                    async for part in parts:
                        await shown.arelease()
                        if kept is not None:
                            kept.append(part)
                        yield part
            finally:
                await shown.arelease()
        if kept is not None:
            self._answer_in_shadow(call, decision, partial(shown_of, kept))

    @staticmethod
    def _shown(call: RoutedCall, *, is_async: bool) -> ShownAttempts:
        return ShownAttempts(None if call.traced else call.config.get("run_id"), is_async)

    def _opinion(
        self,
        call: RoutedCall,
        run: RoutingRun | NoRun,
        shown_of: Callable[[Any], ShownAnswer],
        *,
        is_async: bool,
    ) -> SecondOpinion | None:
        """Return what asks the checker of `escalate_if`; None if there is none."""
        rule = self.dispatcher.escalation.disagreement
        if rule is None or self.checker is None:
            return None
        unseen = UnseenCall(call, self.checker, run.child_config(call), "checker")
        ask = unseen.aask if is_async else unseen.ask
        return SecondOpinion(rule, ask, lambda answer: shown_of(answer).value)

    def _answer_in_shadow(
        self, call: RoutedCall, decision: Decision, strong: Callable[[], ShownAnswer]
    ) -> None:
        """Have weak answer a call as well, in the background, where it delays and shows nothing."""
        weak = self.sides[self.dispatcher.policy.ladder.lowest]
        config: RunnableConfig = {"configurable": call.config.get("configurable") or {}}
        unseen = UnseenCall(call, weak, config, "shadow", traced=False)
        self.dispatcher.answer_in_shadow(decision, strong, unseen.ask, call.asked_for)

    def _attempt(self, shown: ShownAttempts, attempt: Attempt, *, parsed: bool = False) -> Attempt:
        """Return an attempt that shows nothing of itself while another one may take its place."""
        if not shown.may_show(attempt):
            return attempt
        escalation, decision = self.dispatcher.escalation, attempt.decision
        judged = escalation.judges(decision)
        judged |= self.checker is not None and escalation.compares(decision)
        judged |= parsed and escalation.parses(decision)
        replaceable = escalation.may_follow(decision) and not self.dispatcher.shadow
        return shown.attempt(attempt, replaceable=replaceable, judged=judged)


def _shown_answer(call: RoutedCall, answer: object, message: object) -> ShownAnswer:
    """Return what a whole answer shows: its parsed object, or what its message holds."""
    value = value_of(message) if call.schema is None else call.schema.value_of(answer)
    return ShownAnswer(value, message_usage(message))


def _shown_stream(call: RoutedCall, whole: Callable[[list[T]], object], parts: list[T]) -> ShownAnswer:
    """Do the same for the parts of a streamed answer."""
    message = whole(parts)
    value = value_of(message) if call.schema is None else call.schema.streamed_value(parts)
    return ShownAnswer(value, message_usage(message))
