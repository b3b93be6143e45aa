"""ShadowSample: in shadow mode, some calls are answered by weak as well, in the background, and logged.

Nothing of it is on the way of the user's call: a few daemon threads ask, and what they have no time or no
money for is left out and counted. The calls are drawn by the hash that `routellm check` draws by, so that
these are the first ones that it wants graded.
"""

from __future__ import annotations

import atexit
import logging
import os
import time
import weakref
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Condition
from typing import Any, Literal

from routellm_core.routing.background_thread import start_in_background
from routellm_core.routing.decision import Decision
from routellm_core.routing.decision_log import DecisionLog
from routellm_core.routing.journal import Journal
from routellm_core.routing.prices import Price
from routellm_core.routing.routing_counter import RoutingCounter
from routellm_core.routing.shadow_spend import ShadowSpend
from routellm_core.routing.shown_answer import ShownAnswer
from routellm_core.routing.weak_calls import lot

_LOG = logging.getLogger("routellm")

AskedFor = Literal["tools", "object"]

THREADS = 4
"""Calls that are answered in the background at once."""

WAITING = 100
"""Most calls that wait for that; further ones are left out."""

SECONDS_AT_EXIT = 10.0
"""How long the interpreter waits, when it ends, for answers that are on their way."""


@dataclass(frozen=True)
class Sampled:
    """A call to be answered by weak as well.

    Attributes:
        decision: of the call that strong answered.
        strong: strong's answer.
        ask: asks weak.
        journal: writes down both.
        counter: counts what becomes of it.
        asked_for: "tools" or "object" where the call has tools or a schema; None for a plain answer.
    """

    decision: Decision
    strong: ShownAnswer
    ask: Callable[[], ShownAnswer] = field(repr=False)
    journal: Journal = field(repr=False)
    counter: RoutingCounter = field(repr=False)
    asked_for: AskedFor | None = None


class ShadowSample:
    """Draws calls uniformly, and has weak answer them within a cap on spend; safe between threads."""

    _said: bool
    _has_failed: bool
    _registered: bool
    _spent: float
    _reserved: float
    _others: float
    _logged: float
    _shared: ShadowSpend | None

    def __init__(
        self,
        share: float,
        weak: str,
        max_cost: float | None = None,
        price: Price | None = None,
        log: DecisionLog | None = None,
    ) -> None:
        """Start with nothing spent.

        Args:
            share: of the calls, in [0, 1].
            weak: the name of the side that is asked.
            max_cost: the most that its answers may cost, in all; None for no cap.
            price: weak's; None if unknown.
            log: a log that many processes share, whose shadow answers count too; None counts this process's.
        """
        self.share = share
        self.weak = weak
        self.max_cost = max_cost
        self.price = price
        self.log = log
        self._start_anew()

    def takes(self, decision: Decision) -> bool:
        """Return whether a call is of the sample."""
        return decision.id is not None and lot(decision.id) < self.share * 2.0**64

    def submit(self, sampled: Sampled) -> None:
        """Have a call answered in the background; never raises and never waits."""
        if self._pid != os.getpid():
            self._start_anew()  # a fork has none of the threads
        with self._changed:
            reserved = self._reserved_for(sampled)
            if reserved is None or len(self._waiting) >= WAITING:
                sampled.counter.count_sampled("left_out")
                return
            self._reserved += reserved
            self._waiting.append((sampled, reserved))
            try:
                self._start_thread()
            except RuntimeError:  # no more threads, as at the end of the interpreter
                self._waiting.pop()
                self._reserved -= reserved
                sampled.counter.count_sampled("left_out")
            self._changed.notify()

    def close(self, timeout: float = SECONDS_AT_EXIT) -> None:
        """Wait for the answers on their way, and ask for no more of those that wait."""
        with self._changed:
            for sampled, _ in self._waiting:
                sampled.counter.count_sampled("left_out")
            self._waiting.clear()
            self._changed.notify_all()
            self._changed.wait_for(lambda: not self._asking, timeout)

    def flush(self, timeout: float = SECONDS_AT_EXIT) -> bool:
        """Wait until every call handed over is answered or left out; False after too long."""
        with self._changed:
            return self._changed.wait_for(lambda: not (self._asking or self._waiting), timeout)

    @property
    def spent(self) -> float:
        """What weak's answers have cost so far; without a count of its tokens, what was expected of it."""
        with self._changed:
            return self._spent

    def _reserved_for(self, sampled: Sampled) -> float | None:
        """Return what a call is expected to cost; None if the cap has no room for it."""
        if self.max_cost is None:
            return 0.0
        usage = sampled.strong.usage
        # Weak is taken to use the tokens that strong used; without a count nobody could keep to the cap.
        expected = None if self.price is None or usage is None else self.price.cost(usage)
        if expected is not None and self._committed + expected <= self.max_cost:
            return expected
        self._say_full()
        return None

    @property
    def _committed(self) -> float:
        """What is spent or reserved, by others as far as known."""
        return self._spent + self._reserved + self._others

    def _has_room(self) -> bool:
        """Ask the shared log what others spent, and return whether a reserved call still has its place."""
        if self.max_cost is None or self._shared is None:
            return True
        with self._changed:
            own = self._logged
        others = self._shared.others(own)
        with self._changed:
            self._others = others
            if self._committed <= self.max_cost:
                return True
            self._say_full()
            return False

    def _say_full(self) -> None:
        if not self._said:
            self._said = True
            _LOG.warning("shadow_max_cost=%g leaves no room for more answers of weak.", self.max_cost)

    def _start_anew(self) -> None:
        self._pid = os.getpid()
        self._changed = Condition()
        self._waiting: deque[tuple[Sampled, float]] = deque()
        self._threads = self._asking = 0
        self._spent = self._reserved = self._others = self._logged = 0.0
        self._shared = None if self.log is None else ShadowSpend(self.log)
        self._said = self._registered = False
        self._has_failed = False

    def _start_thread(self) -> None:
        if self._threads >= THREADS:
            return
        start_in_background(self._run, "routellm shadow")
        self._threads += 1
        if not self._registered:
            # After the log's own, so before it: the log is still open then.
            atexit.register(_close, weakref.ref(self))
            self._registered = True

    def _run(self) -> None:
        while True:
            with self._changed:
                if not self._waiting and not self._changed.wait_for(lambda: bool(self._waiting), 1.0):
                    self._threads -= 1
                    return
                sampled, reserved = self._waiting.popleft()
                self._asking += 1
            cost = 0.0
            try:
                if self._has_room():
                    cost = self._answered(sampled, reserved)
                else:
                    sampled.counter.count_sampled("left_out")
            finally:
                with self._changed:
                    self._asking -= 1
                    self._reserved -= reserved
                    self._spent += cost
                    self._changed.notify_all()

    def _answered(self, sampled: Sampled, expected: float) -> float:
        """Ask weak, write both answers down, and return the cost, or the expected one if it is unknown."""
        start = time.perf_counter()
        try:
            weak = sampled.ask()
        except BaseException as error:
            # A cancellation or a panic, too: it would end the thread, and its place would never be free.
            sampled.counter.count_sampled("failed")
            if not self._has_failed:
                self._has_failed = True
                # Its text may hold a prompt or a key.
                _LOG.warning("a shadow answer of weak failed with %s; calls go on.", type(error).__name__)
            return 0.0
        cost = None if self.price is None or weak.usage is None else self.price.cost(weak.usage)
        row: dict[str, Any] = {"cost": cost, "latency": round(time.perf_counter() - start, 6)}
        if sampled.asked_for is not None:
            # Such an answer is none to the text alone, which `routellm label` asks.
            row["asked_for"] = sampled.asked_for
        texts = {sampled.decision.route: sampled.strong.written, self.weak: weak.written}
        with self._changed:
            self._logged += cost or 0.0
        sampled.journal.write_answers(sampled.decision, texts, {self.weak: weak.usage}, row)
        spent = expected if cost is None else cost
        sampled.counter.count_sampled("answered", spent)
        return spent

    # Threads can't be copied: a copy or a pickle has none running, and has spent nothing.
    def __getstate__(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in ("share", "weak", "max_cost", "price", "log")}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__init__(**state)  # type: ignore[misc]  # what __init__ takes is all there is


def _close(sample: weakref.ref[ShadowSample]) -> None:
    found = sample()
    if found is not None:
        found.close()
