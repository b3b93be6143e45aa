"""CallAccount: what is learned about one call while it is answered: tokens, cost, time, and how it ended."""

from __future__ import annotations

import time
import weakref
from collections.abc import Callable
from types import TracebackType
from typing import TYPE_CHECKING, Any, NamedTuple, Self

from routellm_core.routing.prices import Prices, TokenUsage

if TYPE_CHECKING:
    from routellm_core.routing.decision import Decision, Reason, Route


class Origin(NamedTuple):
    """Where a call comes from, as the host names it; None if unknown."""

    thread_id: str | None = None
    run_id: str | None = None


NO_ORIGIN = Origin()


class CallAccount:
    """One call's account, filled while the call is answered and passed to its listeners at the end.

    Attributes:
        first: the decision that was made.
        last: the final one; different from `first` after an escalation.
        reason: why the side was chosen that answered first; "budget" too if strong's answer was held back.
        record: what the answer carries, once it is being made.
        origin: where the call comes from.
        tokens: by the side that used them.
        checker: tokens of the checker of `escalate_if`; None if none was asked, or they are unknown.
        agreed: whether the checker came to the same answer as weak; None if nothing was compared.
        latency: seconds from the decision to the end.
        error: type of the error that ended the call, or that caused an escalation; None for none.
        failed: whether the call ended in that error.
        begun: whether a streamed answer has shown something.
        read_cost: what a reader of the prompt cost; 0 without one.
    """

    __slots__ = (
        "_is_cut",
        "_is_open",
        "_listeners",
        "_prices",
        "_started",
        "_top",
        "agreed",
        "begun",
        "checker",
        "checker_cost",
        "error",
        "failed",
        "first",
        "last",
        "latency",
        "origin",
        "read_cost",
        "reason",
        "record",
        "tokens",
    )

    def __init__(
        self,
        decision: Decision,
        prices: Prices | None,
        origin: Origin,
        listeners: tuple[Callable[[CallAccount], None], ...],
        top: Route = "strong",
        read_cost: float = 0.0,
    ) -> None:
        self.first = self.last = decision
        self.reason: Reason = decision.reason
        self.record: dict[str, Any] | None = None
        self.origin = origin
        self.tokens: dict[Route, TokenUsage] = {}
        self.checker: TokenUsage | None = None
        self.checker_cost = 0.0
        self.agreed: bool | None = None
        self.latency = 0.0
        self.error: str | None = None
        self.failed = False
        self.begun = False
        self._is_cut = False
        self.read_cost = read_cost
        self._prices = prices
        self._top = top
        self._listeners = listeners
        self._is_open = False
        self._started = time.perf_counter()

    @property
    def is_priced(self) -> bool:
        """Whether prices are known."""
        return self._prices is not None

    def add(self, route: Route, usage: TokenUsage) -> None:
        """Add tokens that a side used."""
        known = self.tokens.get(route)
        self.tokens[route] = usage if known is None else known + usage

    def add_checker(self, usage: TokenUsage, cost: float) -> None:
        """Add the tokens of the checker, and what they cost; 0 without prices."""
        self.checker, self.checker_cost = usage, cost

    def compared(self, agreed: bool) -> None:
        """Record whether the checker came to the same answer as weak."""
        self.agreed = agreed
        if self.record is not None:
            self.record["agreed"] = agreed

    def escalated(self, decision: Decision, cause: str) -> None:
        """Record that the other side is asked as well, and why."""
        self.last = decision
        self.error = cause

    def held_back(self) -> None:
        """Record that strong would have been asked as well, had there been money for it."""
        self.reason = "budget"
        if self.record is not None:
            self.record["reason"] = self.reason

    def complete_record(self) -> None:
        """Add cost and saving to the record that the answer carries, where they are known."""
        if self.record is not None:
            self.record |= self.money()

    def money(self, route: Route | None = None, usage: TokenUsage | None = None) -> dict[str, float]:
        """Return cost, a reader's included, and saving as a record has them; empty where they are unknown.

        Args:
            route: of an answer whose tokens may not be added yet; None for none.
            usage: its tokens.
        """
        tokens = self.tokens
        if route is not None and usage is not None and route not in tokens:
            tokens = {**tokens, route: usage}
        if self._prices is None or self.last.route not in tokens:
            return {}
        others = self.read_cost + self.checker_cost
        cost = sum((self._prices.of(side).cost(used) for side, used in tokens.items()), others)
        return {"cost": cost, "saving": self._prices.strong.cost(tokens[self.last.route]) - cost}

    @property
    def is_uncounted(self) -> bool:
        """Whether the strong side, or the highest tier, answered, and nobody counted its tokens.

        An answer that was cut, by its reader or by the provider, was paid for as far as it went.
        """
        answered = not self.failed or self._is_cut
        return self.last.route == self._top and answered and self._top not in self.tokens

    def strong_cost(self) -> float:
        """Return what the strong side, or the highest tier, cost; 0 if unknown."""
        usage = self.tokens.get(self._top)
        return 0.0 if usage is None or self._prices is None else self._prices.strong.cost(usage)

    def row(self) -> dict[str, Any]:
        """Return plain values for the decision log."""
        first, last = self.first, self.last
        row: dict[str, Any] = {**first.record(), "route": last.route, "reason": self.reason}
        row["escalated"] = last is not first
        row["tokens"] = {route: plain_tokens(usage) for route, usage in self.tokens.items()}
        if self.checker is not None:
            row["tokens"]["checker"] = plain_tokens(self.checker)
        if self.agreed is not None:
            row["agreed"] = self.agreed
        row |= {"cost": None, "saving": None, **self.money(), "strong_cost": self.strong_cost()}
        row |= {"latency": round(self.latency, 6)}
        row |= {"thread_id": self.origin.thread_id, "run_id": self.origin.run_id}
        row |= {"error": self.error, "failed": self.failed}
        return row

    def ends_with(self, stream: object) -> None:
        """End the account with a stream that may never be read, and so never enter it."""
        # Not at exit, where the log may be closed already.
        weakref.finalize(stream, self._end_unread).atexit = False

    def _end_unread(self) -> None:
        if not self._is_open:
            self.__exit__(GeneratorExit, GeneratorExit(), None)

    def __enter__(self) -> Self:
        self._is_open = True
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.latency = time.perf_counter() - self._started
        if error is not None:
            self.error = type(error).__name__
            # A stream that its reader abandons was answered as far as needed.
            self.failed = not isinstance(error, GeneratorExit)
            # What is no Exception is a cancellation, of a call that the provider works on.
            self._is_cut = self.begun or not isinstance(error, Exception)
        for listener in self._listeners:
            listener(self)


def plain_tokens(usage: TokenUsage) -> dict[str, int]:
    """Return tokens as a log's row has them."""
    return {"input": usage.input, "output": usage.output, "cached_input": usage.cached_input}
