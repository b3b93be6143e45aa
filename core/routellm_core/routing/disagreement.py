"""Disagreement: strong is asked where two cheap models do not come to the same answer.

Both cheap models are asked at once. The second one's answer is never shown: it only says whether the first
one's stays. A second model that fails, or an answer that can't be compared, changes nothing.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from contextvars import copy_context
from dataclasses import dataclass, field
from inspect import iscoroutinefunction
from threading import Thread
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from routellm_core.routing.comparable_answers import same_answer
from routellm_core.routing.prices import Price, TokenUsage

if TYPE_CHECKING:
    from asyncio import Task

    from routellm_core.routing.decision import Decision
    from routellm_core.routing.routing_counter import RoutingCounter

_LOG = logging.getLogger("routellm")


@dataclass(frozen=True)
class Disagreement:
    """A value of `escalate_if`: strong is asked if another cheap model answers otherwise than weak.

    Attributes:
        checker: the other cheap model, of the same framework as weak.
        same: given both answers (texts, or the objects of `structured_predict`), returns whether they come to
            the same. By default numbers, choices, labels and literal values are compared; answers of which
            neither can be compared, such as prose, count as the same.
        price: the checker's, per million tokens: {"input": 0.1, "output": 0.4}. Without it, and with
            `prices=`, its tokens cost what weak's do.

    Raises:
        ValueError: `same` is no plain function, or the price is none.
    """

    checker: Any = field(repr=False)
    same: Callable[[Any, Any], bool] = same_answer
    price: Price | Mapping[str, Any] | None = None

    def __post_init__(self) -> None:
        if not callable(self.same) or iscoroutinefunction(self.same):
            raise ValueError(f"same is {self.same!r}, expected a plain function of two answers.")
        if self.price is not None:
            object.__setattr__(self, "price", Price.from_mapping(self.price, "checker"))


@dataclass
class SecondOpinion:
    """The checker's answer to one call.

    Attributes:
        rule: says what counts as the same.
        ask: asks the checker; an awaitable for async calls.
        answer_of: what is compared of a message of the host's; None if nothing can be.
        usage_of: the tokens of a message; None if unknown.
    """

    rule: Disagreement
    ask: Callable[[], Any]
    answer_of: Callable[[Any], Any]
    usage_of: Callable[[Any], TokenUsage | None]
    _answer: Future[Any] | None = None
    _task: Task[Any] | None = None

    def start(self, decision: Decision, counter: RoutingCounter) -> None:
        """Ask the checker in a thread, in the caller's context."""
        answer: Future[Any] = Future()

        def run() -> None:
            try:
                message = self.ask()
                self._count(decision, counter, message)
                answer.set_result(message)
            except BaseException as error:
                answer.set_exception(error)

        Thread(target=copy_context().run, args=(run,), name="routellm checker", daemon=True).start()
        self._answer = answer

    def astart(self, decision: Decision, counter: RoutingCounter) -> None:
        """Ask the checker in a task of the running event loop."""
        import asyncio

        async def run() -> Any:
            message = await self.ask()
            self._count(decision, counter, message)
            return message

        self._task = asyncio.ensure_future(run())
        # Where weak has failed nobody awaits it, and asyncio would log the error, which may hold a key.
        self._task.add_done_callback(lambda done: done.cancelled() or done.exception())

    def differs(self, decision: Decision, message: Any) -> bool:
        """Wait for the checker, and return whether it answers otherwise than this message of weak."""
        if self._answer is None:
            return False
        try:
            return self._compared(decision, message, self._answer.result())
        except Exception as error:
            return _failed(error)

    async def adiffers(self, decision: Decision, message: Any) -> bool:
        """Do the same, async."""
        if self._task is None:
            return False
        try:
            return self._compared(decision, message, await self._task)
        except Exception as error:
            return _failed(error)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        # Weak failed, or nobody reads on: the task would outlive the call.
        if self._task is not None and not self._task.done():
            self._task.cancel()

    def _compared(self, decision: Decision, message: Any, other: Any) -> bool:
        own, others = self.answer_of(message), self.answer_of(other)
        agreed = own is None or others is None or bool(self.rule.same(own, others))
        if decision.account is not None:
            decision.account.compared(agreed)
        return not agreed

    def _count(self, decision: Decision, counter: RoutingCounter, message: Any) -> None:
        price = self.rule.price
        counter.count_checker(decision, self.usage_of(message), price if isinstance(price, Price) else None)


def _failed(error: Exception) -> bool:
    # Its text may hold a prompt or a key.
    _LOG.warning("the checker of escalate_if failed with %s; weak's answer stays.", type(error).__name__)
    return False
