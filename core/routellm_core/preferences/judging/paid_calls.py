"""PaidCalls: the one way to every paid call, so that none is made twice and the spend stays below its cap."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any, NoReturn

from routellm_core.checkpoints.redaction import without_values
from routellm_core.preferences.judging.call_log import CallLog, call_key
from routellm_core.preferences.judging.failure import Failure, RetryPolicy
from routellm_core.preferences.judging.known_answers import KnownAnswers
from routellm_core.preferences.judging.reported_usage import believable_usage
from routellm_core.preferences.judging.responder import Answer, Message, Responder
from routellm_core.preferences.judging.spend import Spend, SpendCapReached, most_usage
from routellm_core.routing.prices import TokenUsage

CALL_TIMEOUT = 600.0
"""Seconds after which a call is given up where the model's own library has no shorter limit."""


CAP_REACHED = "the cap on spend is reached"
"""How the reason begins for which a run halts at its cap."""


class RunHalted(Exception):
    """No further call is made; `PaidCalls.halted` says why."""


class Refused(Exception):
    """The provider does not take this one request; the message says why."""


class PaidCalls:
    """Asks models: from the log where it has the answer, else at the provider, within the cap, with retries.

    Attributes:
        made: calls answered by a provider in this run.
        reused: calls answered by the log.
        given: answers that were there before, see `KnownAnswers`; logged at no cost.
        truncated: answers of this run that were cut at their limit.
        halted: why no further call is made; "" while calls are made.
    """

    def __init__(
        self, log: CallLog, spend: Spend, retries: RetryPolicy, *, timeout: float = CALL_TIMEOUT
    ) -> None:
        self.log = log
        self.spend = spend
        for model, usage in log.used.items():
            spend.spent += spend.cost(model, usage)
        for model, usage in log.lost.items():
            spend.lost += spend.cost(model, usage)
        self.retries = retries
        self.timeout = timeout
        self.made = 0
        self.reused = 0
        self.given = 0
        self.truncated = 0
        self.halted = ""
        self._halt = asyncio.Event()
        self._chance = random.Random()

    def halt(self, reason: str) -> None:
        """Let calls in flight come to their end and start no other; the first reason is kept."""
        self.halted = self.halted or reason
        self._halt.set()

    async def ask(
        self, responder: Responder, messages: Sequence[Message], about: Mapping[str, Any], attempt: int = 0
    ) -> Answer:
        """Return the model's answer.

        Args:
            responder: the model.
            messages: what it is asked.
            about: what people want to find in the log: the prompt, the role, the order.
            attempt: tells a question that is asked again on purpose from the one before.

        Raises:
            Refused: the provider does not take this request.
            RunHalted: the cap is reached, the provider fails for too long, or another call met one of these.
        """
        key = call_key(responder, messages, attempt)
        known = self.log.answer(key)
        if known is not None:
            self.reused += 1
            return known
        about = {**about, "attempt": attempt}
        known = responder.known(messages) if isinstance(responder, KnownAnswers) else None
        if known is not None:
            self._keep_given(responder, known, about, key)
            return known
        failures, first_failure = 0, 0.0
        while True:
            outcome = await self._call(responder, messages, about, key)
            if isinstance(outcome, Answer):
                return outcome
            failure, now = outcome, asyncio.get_running_loop().time()
            if failure.kind == "refused":
                raise Refused(f"{responder.name}: {failure.summary}")
            if failure.kind == "fatal":
                self._stop(f"{responder.name} can't be asked ({failure})")
            failures += 1
            first_failure = now if failures == 1 else first_failure
            wait = self.retries.wait(failures, failure, self._chance)
            if now + wait - first_failure > self.retries.patience:
                asked = (
                    "" if failure.retry_after is None else f", which asks to wait {failure.retry_after:.0f} s"
                )
                self._stop(
                    f"{responder.name} failed {failures} times in {now - first_failure:.0f} s "
                    f"({failure.summary}{asked})"
                )
            await self._sleep(wait)

    async def _call(
        self, responder: Responder, messages: Sequence[Message], about: Mapping[str, Any], key: str
    ) -> Answer | Failure:
        """Make one call and log how it went."""
        most = most_usage(responder, messages)
        reserved = self.spend.cost(responder.name, most)
        await self._make_room(reserved)
        row: dict[str, Any] = {"key": key, "model": responder.name, **about}
        try:
            self.log.append({"event": "start", **row, "most": asdict(most)})
        except OSError as error:
            await self.spend.settle(reserved)
            self._stop(self._unwritten(error))
        try:
            async with asyncio.timeout(self.timeout):
                answer = _checked(await responder(messages), responder)
        except Exception as error:
            failure = Failure.from_error(error, _secrets(responder))
            row = {"key": key, "model": responder.name, "error": str(failure)}
            if failure.may_be_charged:
                self._append({"event": "lost", **row, "usage": asdict(most)})
            else:
                self._append({"event": "failed", **row})
            await self.spend.settle(reserved, lost=reserved if failure.may_be_charged else 0.0)
            return failure
        # A provider that counts no tokens, or as many as can't be, is taken to have used all that it could.
        counted = believable_usage(answer.usage, most)
        usage = most if counted is None else counted
        row |= {"text": answer.text, "truncated": answer.truncated}
        self._append({"event": "answer", **row, "usage": asdict(usage), "counted": counted is not None})
        self.made += 1
        self.truncated += answer.truncated
        await self.spend.settle(reserved, spent=self.spend.cost(responder.name, usage))
        return answer

    def _keep_given(self, responder: Responder, known: Answer, about: Mapping[str, Any], key: str) -> None:
        row = {"event": "answer", "key": key, "model": responder.name, **about, "text": known.text}
        usage = {"usage": asdict(TokenUsage()), "counted": True, "given": True}
        self._append({**row, "truncated": False, **usage})
        self.given += 1

    def _append(self, row: Mapping[str, Any]) -> None:
        # Other calls are in flight, and paid for: what can't be written ends the run, but not them.
        try:
            self.log.append(row)
        except OSError as error:
            self.halt(self._unwritten(error))
        if self.log.full:
            self.halt(f"the disk of {self.log.path} is full")

    def _unwritten(self, error: OSError) -> str:
        return f"{self.log.path} can't be written ({error.strerror})"

    async def _make_room(self, reserved: float) -> None:
        if self.halted:
            raise RunHalted(self.halted)
        try:
            await self.spend.reserve(reserved)
        except SpendCapReached as reached:
            self._stop(f"{CAP_REACHED}: {reached}")
        if self.halted:
            # Said while this call waited for room.
            await self.spend.settle(reserved)
            raise RunHalted(self.halted)

    async def _sleep(self, seconds: float) -> None:
        try:
            await asyncio.wait_for(self._halt.wait(), seconds)
        except TimeoutError:
            return
        raise RunHalted(self.halted)

    def _stop(self, reason: str) -> NoReturn:
        self.halt(reason)
        raise RunHalted(self.halted)


def _secrets(responder: Responder) -> tuple[str, ...]:
    """Return the secrets that a model's requests hold, where it says so."""
    return tuple(getattr(responder, "secrets", ()))


def _checked(answer: object, responder: Responder) -> Answer:
    """Return an answer whose text can be logged, whatever a provider sent as one."""
    if not isinstance(answer, Answer):
        raise TypeError(f"{responder.name} returned {type(answer).__name__}, expected an Answer.")
    text = without_values(answer.text, _secrets(responder)) if isinstance(answer.text, str) else ""
    return Answer(text, answer.usage, bool(answer.truncated))
