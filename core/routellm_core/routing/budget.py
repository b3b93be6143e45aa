"""Budget: what the strong model may cost in a period; near the limit fewer calls go to strong, at it none.

Half of the money may be spent at any time. The other half follows the clock: as the spend nears the line from
one half at the period's start to all of it at its end, only the calls with the highest scores still go to
strong, so that there is money for such calls until the period ends. An answer of weak that is rejected stays
where there is no money for strong's. Calls that are forced to strong, or that weak can't serve or fails,
always go there. Calls in flight are counted when they end, so they can exceed the limit by their cost.
"""

from __future__ import annotations

import logging
import time
from bisect import bisect_left, insort
from collections import OrderedDict, deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from threading import Lock
from typing import Any

from routellm_core.routing.call_account import CallAccount
from routellm_core.routing.decision import Decision, Reason
from routellm_core.routing.ladder import PAIR, Ladder
from routellm_core.routing.score_cache import Key, text_key
from routellm_core.routing.shared_spend import SharedSpend
from routellm_core.routing.validation import check_amount

_LOG = logging.getLogger("routellm")

PERIODS = ("hour", "day", "week", "month")
"""They begin at full hours, at midnight, on Mondays and on the first of a month, in UTC."""

_SECONDS = {"hour": 3_600.0, "day": 86_400.0, "week": 604_800.0}

FREE = 0.5
"""Part of the limit that may be spent at any time of the period."""

BAND = 0.1
"""Part of the limit over which the share of calls for strong falls to zero."""

_MOVED: frozenset[Reason] = frozenset(("score", "sticky", "no_text", "router_error"))
_REMEMBERED = 1_000
_COMPARED = 200
_FIRST_MONDAY = 4 * 86_400.0
_KEPT_PERIODS = 4


@dataclass(frozen=True)
class BudgetLimit:
    """A limit on strong's cost.

    Attributes:
        strong: the most that strong may cost in a period, in the currency of the prices; 0 for nothing.
        per: "hour", "day", "week" or "month".
    """

    strong: float
    per: str

    @classmethod
    def from_value(cls, value: BudgetLimit | Mapping[str, Any]) -> BudgetLimit:
        """Make it from `{"strong": 20.0, "per": "day"}`.

        Raises:
            ValueError: a part is missing, unknown or invalid; the message names it.
        """
        if isinstance(value, BudgetLimit):
            return value
        if not isinstance(value, Mapping) or set(value) != {"strong", "per"}:
            raise ValueError(f"budget is {value!r}, expected {{'strong': 20.0, 'per': 'day'}}.")
        if value["per"] not in PERIODS:
            raise ValueError(f"budget['per'] is {value['per']!r}, expected one of {list(PERIODS)}.")
        amount = check_amount(value["strong"], "budget['strong']", "in the currency of the prices")
        return cls(amount, value["per"])

    def period(self, now: float) -> tuple[float, float]:
        """Return when the period that holds a time begins and ends, in seconds since 1970."""
        if self.per == "month":
            return _month(now)
        length = _SECONDS[self.per]
        offset = _FIRST_MONDAY if self.per == "week" else 0.0
        begin = (now - offset) // length * length + offset
        return begin, begin + length


class Budget:
    """Keeps what strong costs within a limit; safe between threads.

    Spend is kept by period, so that a clock that jumps back and forth finds its earlier count.
    """

    def __init__(
        self, limit: BudgetLimit, clock: Callable[[], float] = time.time, ladder: Ladder = PAIR
    ) -> None:
        """Start with nothing spent.

        Args:
            limit: the allowed spend.
            clock: seconds since 1970.
            ladder: the tiers, of which the highest is limited and the next one down answers in its place.
        """
        self.limit = limit
        self._clock = clock
        self._ladder = ladder
        self._spent: OrderedDict[float, float] = OrderedDict()
        self._others: OrderedDict[float, float] = OrderedDict()
        # Answers without a count of their tokens, as if each were the dearest known; in no log.
        self._supposed: OrderedDict[float, float] = OrderedDict()
        # How many of these there were before any cost was known.
        self._unpriced: OrderedDict[float, float] = OrderedDict()
        self._dearest = 0.0
        self._passed: OrderedDict[Key, None] = OrderedDict()
        self._recent: deque[float] = deque()
        self._sorted: list[float] = []
        self._said: float | None = None
        self._shared: SharedSpend | None = None
        self._lock = Lock()

    def share(self, shared: SharedSpend) -> None:
        """Also count what other processes spend, and what this one spent before a restart."""
        self._shared = shared
        shared.start(self, *self.limit.period(self._clock()))

    @property
    def spent(self) -> float:
        """What strong has cost in this period, as far as known here."""
        begin, _ = self.limit.period(self._clock())
        with self._lock:
            return self._known(begin)

    def preview(self, decision: Decision) -> Decision:
        """Return what `decide` would, without changing state."""
        if decision.route != self._ladder.top or decision.reason not in _MOVED:
            return decision
        with self._lock:
            return decision if self._passes(decision, self._open_share()) else self._moved(decision)

    def decide(self, decision: Decision) -> Decision:
        """Return the decision, or one for weak if the money has to last."""
        if decision.route != self._ladder.top or decision.reason not in _MOVED:
            return decision
        if self._shared is not None:
            self._shared.refresh(self, *self.limit.period(self._clock()))
        with self._lock:
            share = self._open_share()
            passes = self._passes(decision, share)
            if decision.score is not None:
                self._learn(decision.score)
            if passes and decision.text is not None:
                self._remember(text_key(decision.text))
            say = share <= 0.0 and self._first_time()
        if say:
            _LOG.warning(
                "the budget of %g per %s for %s is reached: %s answers until the %s ends.",
                self.limit.strong,
                self.limit.per,
                self._ladder.top,
                self._ladder.below(self._ladder.top),
                self.limit.per,
            )
        return decision if passes else self._moved(decision)

    def allows(self, decision: Decision) -> bool:
        """Return whether there is money to ask strong as well, after weak's answer was rejected.

        Near the limit such calls go first: their scores are low, or strong would have been asked at once.
        """
        if self._shared is not None:
            self._shared.refresh(self, *self.limit.period(self._clock()))
        with self._lock:
            return self._passes(decision, self._open_share())

    @property
    def exhausted(self) -> bool:
        """Whether nothing is left in this period."""
        return self.spent >= self.limit.strong

    def spend(self, account: CallAccount) -> None:
        """Count the cost of a finished call."""
        begin, _ = self.limit.period(self._clock())
        with self._lock:
            cost = account.strong_cost()
            if account.is_uncounted and self._dearest > 0.0:
                _add(self._supposed, begin, self._dearest)
            elif account.is_uncounted:
                _add(self._unpriced, begin, 1.0)
            if cost > 0.0:
                self._dearest = max(self._dearest, cost)
                _add(self._spent, begin, cost)
                _add(self._supposed, begin, self._unpriced.pop(begin, 0.0) * cost)

    def own(self, begin: float) -> float:
        """Return what this process has spent in the period that begins then."""
        with self._lock:
            return self._spent.get(begin, 0.0)

    def set_others(self, begin: float, spent: float) -> None:
        """Set what other processes, and this one before a restart, spent in a period."""
        with self._lock:
            _set(self._others, begin, max(0.0, spent))

    def knows_others(self, begin: float) -> bool:
        """Return whether it was ever set what others spent in a period."""
        with self._lock:
            return begin in self._others

    def _known(self, begin: float) -> float:
        return sum(amounts.get(begin, 0.0) for amounts in (self._spent, self._supposed, self._others))

    def _open_share(self) -> float:
        """Return the share of the calls for strong that may go there, in [0, 1]."""
        now = self._clock()
        begin, end = self.limit.period(now)
        allowed = self.limit.strong * (FREE + (1.0 - FREE) * (now - begin) / (end - begin))
        left = allowed - self._known(begin)
        if left <= 0.0:
            return 0.0
        return min(1.0, left / (BAND * self.limit.strong))

    def _passes(self, decision: Decision, share: float) -> bool:
        if share >= 1.0 or share <= 0.0:
            return share > 0.0
        # Strong finishes a tool loop that it began.
        if decision.text is not None and text_key(decision.text) in self._passed:
            return True
        if decision.score is None or not self._sorted:
            return True
        below = bisect_left(self._sorted, decision.score) / len(self._sorted)
        return below >= 1.0 - share

    def _learn(self, score: float) -> None:
        self._recent.append(score)
        insort(self._sorted, score)
        if len(self._recent) > _COMPARED:
            del self._sorted[bisect_left(self._sorted, self._recent.popleft())]

    def _remember(self, key: Key) -> None:
        self._passed[key] = None
        self._passed.move_to_end(key)
        if len(self._passed) > _REMEMBERED:
            self._passed.popitem(last=False)

    def _first_time(self) -> bool:
        begin, _ = self.limit.period(self._clock())
        if self._said == begin or self._known(begin) < self.limit.strong:
            return False
        self._said = begin
        return True

    def _moved(self, decision: Decision) -> Decision:
        below = self._ladder.below(decision.route, decision.barred)
        return decision if below is None else replace(decision, route=below, reason="budget")

    # A copy or a pickle counts separately.
    def __getstate__(self) -> dict[str, Any]:
        return {"limit": self.limit, "ladder": self._ladder}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__init__(**state)  # type: ignore[misc]  # what __init__ takes is all there is


def _set(amounts: OrderedDict[float, float], begin: float, amount: float) -> None:
    """Set the amount of one period; only the latest few are kept."""
    amounts[begin] = amount
    amounts.move_to_end(begin)
    if len(amounts) > _KEPT_PERIODS:
        amounts.popitem(last=False)


def _add(amounts: OrderedDict[float, float], begin: float, amount: float) -> None:
    _set(amounts, begin, amounts.get(begin, 0.0) + amount)


def _month(now: float) -> tuple[float, float]:
    first = datetime.fromtimestamp(now, UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    following = (first + timedelta(days=31)).replace(day=1)
    return first.timestamp(), following.timestamp()
