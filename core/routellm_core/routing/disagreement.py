"""Disagreement: strong is asked where two cheap models do not come to the same answer.

Both cheap models are asked at once. The second one's answer is never shown: it only says whether the first
one's stays. A second model that fails or takes too long, or an answer that can't be compared, changes
nothing.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from contextvars import copy_context
from dataclasses import dataclass, field
from functools import partial
from inspect import iscoroutinefunction
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from routellm_core.router import RouterError
from routellm_core.routing.background_thread import start_in_background
from routellm_core.routing.comparable_answers import same_answer
from routellm_core.routing.panics import ended_with, failure_of
from routellm_core.routing.prices import Price
from routellm_core.routing.validation import check_positive

if TYPE_CHECKING:
    from asyncio import Task

    from routellm_core.routing.decision import Decision
    from routellm_core.routing.routing_counter import RoutingCounter
    from routellm_core.routing.shown_answer import ShownAnswer

_LOG = logging.getLogger("routellm")


@dataclass(frozen=True)
class Disagreement:
    """A value of `escalate_if`: strong is asked if another cheap model answers otherwise than weak.

    Attributes:
        checker: the other cheap model, of the same framework as weak.
        same: given both answers, returns whether they come to the same. An answer is a text, a list of tool
            calls that each have a `name` and `arguments`, or the object of a call with a schema. By default
            texts are compared by their numbers, choices, labels and literal values, tool calls by name and
            arguments in any order, objects by equality; answers of which neither can be compared, such as
            prose, count as the same.
        price: the checker's, per million tokens: {"input": 0.1, "output": 0.4}. Without it, and with
            `prices=`, its tokens cost what weak's do.
        timeout: seconds that the checker has, from when both are asked. After that weak's answer stays, if it
            is there, as where the checker fails.

    Raises:
        ValueError: `same` is no plain function, the price is none, or the timeout is not above 0.
    """

    checker: Any = field(repr=False)
    same: Callable[[Any, Any], bool] = same_answer
    price: Price | Mapping[str, Any] | None = None
    timeout: float = 30.0

    def __post_init__(self) -> None:
        if not callable(self.same) or iscoroutinefunction(self.same):
            raise ValueError(f"same is {self.same!r}, expected a plain function of two answers.")
        check_positive(self.timeout, "timeout")
        if self.price is not None:
            object.__setattr__(self, "price", Price.from_mapping(self.price, "checker"))


@dataclass
class SecondOpinion:
    """The checker's answer to one call.

    Attributes:
        rule: says what counts as the same.
        ask: asks the checker, and returns a ShownAnswer; an awaitable of one for async calls.
        value_of: what is compared of weak's answer as its caller gets it, a list of parts if it is streamed;
            None if nothing can be.
    """

    rule: Disagreement
    ask: Callable[[], Any]
    value_of: Callable[[Any], object]
    _deadline: float = 0.0
    _answer: Future[ShownAnswer] | None = None
    _task: Task[ShownAnswer] | None = None

    def start(self, decision: Decision, counter: RoutingCounter) -> None:
        """Ask the checker in a thread, in the caller's context."""
        answer: Future[ShownAnswer] = Future()

        def run() -> None:
            try:
                shown = self.ask()
                self._count(decision, counter, shown)
                answer.set_result(shown)
            except BaseException as error:
                # What ends the checker's thread ends nobody's call.
                answer.set_exception(error if isinstance(error, Exception) else ended_with(error))

        self._deadline = time.monotonic() + self.rule.timeout
        try:
            start_in_background(partial(copy_context().run, run), "routellm checker")
        except RuntimeError as error:
            answer.set_exception(error)
        self._answer = answer

    def astart(self, decision: Decision, counter: RoutingCounter) -> None:
        """Ask the checker in a task of the running event loop."""
        import asyncio

        async def run() -> ShownAnswer:
            shown: ShownAnswer = await self.ask()
            self._count(decision, counter, shown)
            return shown

        self._deadline = time.monotonic() + self.rule.timeout
        self._task = asyncio.ensure_future(run())
        # Where weak has failed nobody awaits it, and asyncio would log the error, which may hold a key.
        self._task.add_done_callback(lambda done: done.cancelled() or done.exception())

    def differs(self, decision: Decision, counter: RoutingCounter, answer: Any) -> bool:
        """Wait for the checker, and return whether it answers otherwise than weak did."""
        if self._answer is None:
            return False
        try:
            return self._compared(decision, answer, self._answer.result(self._seconds_left))
        except BaseException as error:
            return _failed(error, counter)

    async def adiffers(self, decision: Decision, counter: RoutingCounter, answer: Any) -> bool:
        """Do the same, async."""
        import asyncio

        if self._task is None:
            return False
        try:
            # Not `wait_for`, which waits on for a task that does not heed its cancellation.
            await asyncio.wait([self._task], timeout=self._seconds_left)
            if not self._task.done():
                self._task.cancel()
                raise TimeoutError
            if self._task.cancelled():
                raise RouterError("it was cancelled.")
            return self._compared(decision, answer, self._task.result())
        except BaseException as error:
            return _failed(error, counter)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        # Weak failed, or nobody reads on: the task would outlive the call.
        if self._task is not None and not self._task.done():
            self._task.cancel()

    @property
    def _seconds_left(self) -> float:
        return max(0.0, self._deadline - time.monotonic())

    def _compared(self, decision: Decision, answer: Any, other: ShownAnswer) -> bool:
        own, others = self.value_of(answer), other.value
        agreed = own is None or others is None or bool(self.rule.same(own, others))
        if decision.account is not None:
            decision.account.compared(agreed)
        return not agreed

    def _count(self, decision: Decision, counter: RoutingCounter, shown: ShownAnswer) -> None:
        price = self.rule.price
        counter.count_checker(decision, shown.usage, price if isinstance(price, Price) else None)


def _failed(error: BaseException, counter: RoutingCounter) -> bool:
    if failure_of(error) is None:
        raise error
    times = counter.count_uncompared()
    if str(times).rstrip("0") == "1":
        # At 1, 10, 100 and so on. Its text may hold a prompt or a key.
        kind = type(error).__name__
        _LOG.warning(
            "the checker of escalate_if failed with %s; weak's answer stays (%d so far).", kind, times
        )
    return False
