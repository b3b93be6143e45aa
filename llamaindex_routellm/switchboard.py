"""Switchboard: decides each call of the router and connects it with one of the two models.

Counting and escalation are core's `Dispatcher`; here is how LlamaIndex's models are described to it and
asked.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterable, Awaitable, Callable, Generator, Iterable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, TypeVar, cast

from llama_index.core.instrumentation.span import active_span_id

from llamaindex_routellm.answer_stream import (
    afailed,
    aforwarded,
    athen,
    failed,
    forwarded,
    is_token,
    then,
    whole_answer,
    within_span,
)
from llamaindex_routellm.answered import Answered
from llamaindex_routellm.attempt import Attempt
from llamaindex_routellm.decision_event import announce, announce_cost, current_span
from llamaindex_routellm.earlier_turns import thread_of_tags
from llamaindex_routellm.parsed_stream import aparsed, parsed
from llamaindex_routellm.prompt_size import fits_any_model, takes_long
from llamaindex_routellm.reading import Reading
from llamaindex_routellm.routed_call import RoutedCall
from llamaindex_routellm.routing_request import request_of
from llamaindex_routellm.side import Side
from llamaindex_routellm.unseen_call import UnseenCall, asked_for, shown_answer, value_of, whole_call
from routellm_core import Decision, RoutingRequest
from routellm_core.checkpoints.explanation import Explanation
from routellm_core.routing.call_account import Origin
from routellm_core.routing.decision import Route
from routellm_core.routing.disagreement import SecondOpinion
from routellm_core.routing.dispatcher import Dispatcher
from routellm_core.routing.escalation import Escalation, UnparsedAnswerError
from routellm_core.routing.routing_counter import RoutingCounter

A = TypeVar("A")
S = TypeVar("S")


@dataclass(frozen=True)
class Switchboard:
    """The two models and what is known of routing between them.

    Attributes:
        sides: by route, with the router's own settings laid over their models.
        dispatcher: decides, counts and escalates.
        reading: how calls are read.
        checker: the other cheap model of `escalate_if`; None if there is none.
    """

    sides: dict[Route, Side]
    dispatcher: Dispatcher
    reading: Reading
    checker: Side | None = None

    @property
    def counter(self) -> RoutingCounter:
        """What counts; streams count their own tokens."""
        return self.dispatcher.counter

    def answer(self, call: RoutedCall[A]) -> A:
        """Return a whole answer."""
        decision = self._decided(call)

        def ask(decision: Decision) -> Answered:
            attempt = self._attempt(call, decision)
            try:
                with attempt:
                    answer = attempt.start()
                return attempt.answered(answer)
            except (TypeError, ValueError) as error:
                self._escalate_unparsed(attempt, error)
                raise

        # A method that ran tools can't be asked again: the tools would run twice.
        answered = self.dispatcher.answer(
            decision,
            ask,
            final=call.runs_tools,
            is_invalid=call.is_invalid,
            opinion=self._opinion(call, decision, value_of, is_async=False),
        )
        if decision.account is not None:
            announce_cost(decision, call.method, current_span())
        self._answer_in_shadow(call, decision, lambda: answered)
        return cast(A, answered.value)

    async def aanswer(self, call: RoutedCall[A]) -> A:
        """Return a whole answer, async."""
        decision = self._decided_at_once(call) or await self._adecided(call)

        async def ask(decision: Decision) -> Answered:
            attempt = self._attempt(call, decision)
            try:
                with attempt:
                    answer = await cast("Awaitable[object]", attempt.start())
                return attempt.answered(answer)
            except (TypeError, ValueError) as error:
                self._escalate_unparsed(attempt, error)
                raise

        answered = await self.dispatcher.aanswer(
            decision,
            ask,
            final=call.runs_tools,
            is_invalid=call.is_invalid,
            opinion=self._opinion(call, decision, value_of, is_async=True),
        )
        if decision.account is not None:
            announce_cost(decision, call.method, current_span())
        self._answer_in_shadow(call, decision, lambda: answered)
        return cast(A, answered.value)

    def stream(self, call: RoutedCall[A]) -> Generator[A, None, None]:
        """Return a stream; the model is asked now, as it would be without a router."""
        decision = self._decided(call)
        attempt = self._attempt(call, decision)
        try:
            with attempt:
                stream = cast("Iterable[object]", attempt.start())
                opened = [parsed(attempt, forwarded(attempt, stream, self.counter), self.dispatcher)]
        except Exception as error:
            if self.dispatcher.escalation.after_error(decision, error) is None:
                self.dispatcher.failed(decision, error)
                raise
            opened = [failed(error)]
        span_id, asked = active_span_id.get(), [attempt]

        def ask(decision: Decision) -> Generator[object, None, None]:
            return opened.pop() if opened else self._second_stream(call, decision, span_id, asked)

        whole = partial(whole_answer, asked)
        opinion = self._opinion(call, decision, lambda chunks: value_of(whole(chunks)), is_async=False)
        parts = self.dispatcher.stream(decision, ask, is_token, whole, call.is_invalid, opinion)
        if self.dispatcher.is_sampled(decision):
            parts = then(parts, lambda chunks: self._answer_in_shadow(call, decision, partial(whole, chunks)))
        return _accounted(cast("Generator[A, None, None]", parts), decision)

    async def astream(self, call: RoutedCall[A]) -> AsyncGenerator[A, None]:
        """Return a stream, async."""
        decision = self._decided_at_once(call) or await self._adecided(call)
        attempt = self._attempt(call, decision)
        try:
            with attempt:
                stream = await cast("Awaitable[AsyncIterable[object]]", attempt.start())
                opened = [aparsed(attempt, aforwarded(attempt, stream, self.counter), self.dispatcher)]
        except Exception as error:
            if self.dispatcher.escalation.after_error(decision, error) is None:
                self.dispatcher.failed(decision, error)
                raise
            opened = [afailed(error)]
        span_id, asked = active_span_id.get(), [attempt]

        def ask(decision: Decision) -> AsyncGenerator[object, None]:
            return opened.pop() if opened else self._asecond_stream(call, decision, span_id, asked)

        whole = partial(whole_answer, asked)
        opinion = self._opinion(call, decision, lambda chunks: value_of(whole(chunks)), is_async=True)
        parts = self.dispatcher.astream(decision, ask, is_token, whole, call.is_invalid, opinion)
        if self.dispatcher.is_sampled(decision):
            parts = athen(
                parts, lambda chunks: self._answer_in_shadow(call, decision, partial(whole, chunks))
            )
        return _accounted(cast("AsyncGenerator[A, None]", parts), decision)

    def preview(self, call: RoutedCall[object]) -> Decision:
        """Return how a call would be routed, without making or counting it."""
        return self.dispatcher.preview(self._request(call, fits_any_model(call.texts(None))))

    def explain(self, call: RoutedCall[object]) -> Explanation:
        """Return what moved the score of a call's text; see `Decider.explain`."""
        return self.dispatcher.explain(self._request(call, fits_any_model(call.texts(None))))

    def prepare(self, call: RoutedCall[A]) -> tuple[Decision, A]:
        """Decide a call, without counting it, and let the chosen model prepare it."""
        decision = self.preview(call)
        attempt = Attempt(call, decision, self.sides)
        with attempt:
            return decision, cast(A, attempt.start())

    def _decided(self, call: RoutedCall[object]) -> Decision:
        if call.prepared is not None:
            return self.dispatcher.settled(call.prepared, origin)
        return self.dispatcher.decide(self._request(call, fits_any_model(call.texts(None))), origin=origin)

    def _decided_at_once(self, call: RoutedCall[object]) -> Decision | None:
        """Decide without a coroutine if that takes microseconds; None if `_adecided` has to."""
        if call.prepared is not None:
            return self.dispatcher.settled(call.prepared, origin)
        if not fits_any_model(call.texts(None)):
            return None
        return self.dispatcher.decide_at_once(self._request(call, True), origin=origin)

    async def _adecided(self, call: RoutedCall[object]) -> Decision:
        texts = call.texts(None)
        fits = fits_any_model(texts)
        if takes_long(texts):
            request = await asyncio.to_thread(self._request, call, fits)
        else:
            request = self._request(call, fits)
        return await self.dispatcher.adecide(request, origin=origin)

    def _request(self, call: RoutedCall[object], fits: bool) -> RoutingRequest:
        return request_of(call, self.reading, self.sides, fits=fits)

    def _attempt(self, call: RoutedCall[object], decision: Decision) -> Attempt:
        announce(decision, call.method, self.sides[decision.route].model)
        return Attempt(call, decision, self.sides)

    def _opinion(
        self,
        call: RoutedCall[object],
        decision: Decision,
        value: Callable[[Any], object],
        *,
        is_async: bool,
    ) -> SecondOpinion | None:
        """Return what asks the checker of `escalate_if`; None if there is none."""
        rule = self.dispatcher.escalation.disagreement
        if rule is None or self.checker is None:
            return None
        sides = {**self.sides, self.checker.route: self.checker}
        unseen = UnseenCall(whole_call(call, is_async=is_async), decision, self.checker.route, sides)
        return SecondOpinion(rule, unseen.aask if is_async else unseen.ask, value)

    def _answer_in_shadow(
        self, call: RoutedCall[object], decision: Decision, strong: Callable[[], Answered]
    ) -> None:
        """Have weak answer a sampled call as well, in the background, without delaying the call."""
        if self.dispatcher.is_sampled(decision):
            lowest = self.dispatcher.policy.ladder.lowest
            unseen = UnseenCall(whole_call(call, is_async=False), decision, lowest, self.sides)
            self.dispatcher.answer_in_shadow(
                decision, lambda: shown_answer(strong()), unseen.ask, asked_for(call)
            )

    def _escalate_unparsed(self, attempt: Attempt, error: Exception) -> None:
        """Raise the error that makes core ask strong, if this one may mean that an answer does not fit."""
        unparsed = UnparsedAnswerError(None, error, attempt.usage)
        if (
            attempt.call.parses
            and self.dispatcher.escalation.after_error(attempt.decision, unparsed) is not None
        ):
            self.counter.count_tokens(attempt.decision, attempt.usage or None)
            raise unparsed from error

    def _second_stream(
        self, call: RoutedCall[object], decision: Decision, span_id: str | None, asked: list[Attempt]
    ) -> Generator[object, None, None]:
        with within_span(span_id):
            attempt = self._attempt(call, decision)
            asked.append(attempt)
            with attempt:
                stream = cast("Iterable[object]", attempt.start())
        yield from parsed(attempt, forwarded(attempt, stream, self.counter), self.dispatcher)

    async def _asecond_stream(
        self, call: RoutedCall[object], decision: Decision, span_id: str | None, asked: list[Attempt]
    ) -> AsyncGenerator[object, None]:
        with within_span(span_id):
            attempt = self._attempt(call, decision)
            asked.append(attempt)
            with attempt:
                stream = await cast("Awaitable[AsyncIterable[object]]", attempt.start())
        async for chunk in aparsed(attempt, aforwarded(attempt, stream, self.counter), self.dispatcher):
            yield chunk


def _accounted(stream: S, decision: Decision) -> S:
    """Return a stream whose call is logged even if nobody reads it."""
    if decision.account is not None:
        decision.account.ends_with(stream)
    return stream


def origin() -> Origin:
    """Return the span that a call is made in, and the thread that the user's own tags name."""
    return Origin(thread_of_tags(), active_span_id.get())


def judging_values(escalation: Escalation) -> Escalation:
    """Return an escalation whose `escalate_if` receives the caller's answer, without its tokens."""
    rejects = escalation.rejects
    if rejects is None:
        return escalation
    return replace(escalation, rejects=lambda answered: rejects(answered.value))
