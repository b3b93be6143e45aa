"""SharedSpend: what all processes on one decision log have spent in a period, queried in the background."""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import partial
from threading import Lock
from typing import TYPE_CHECKING, Any

from routellm_core.routing.background_thread import start_in_background
from routellm_core.routing.decision_log import DecisionLog
from routellm_core.routing.decision_stores import open_to_read
from routellm_core.routing.logged_decisions import log_path, read_decisions

if TYPE_CHECKING:
    from routellm_core.routing.budget import Budget

_LOG = logging.getLogger("routellm")

_MOST = 1e12
"""No call costs as much in any currency."""

_SUM = f"""
SELECT SUM(cost) FROM (
    SELECT CASE WHEN json_valid(row) AND json_type(row, '$.strong_cost') IN ('integer', 'real')
    THEN json_extract(row, '$.strong_cost') END AS cost
    FROM decisions WHERE time >= ? AND time < ?
) WHERE cost > 0 AND cost < {_MOST!r}
"""

REFRESH_SECONDS = 2.0
"""Largest age of the count of other processes, as long as calls are made."""


class SharedSpend:
    """Gives a budget what others spent: from a database repeatedly, from JSON Lines once a period.

    A clock that is wrong at the start, and put right later, has a period read that nobody knew before.
    """

    def __init__(self, log: DecisionLog) -> None:
        """Store the log."""
        self._log = log
        self._path = log_path(log.where)
        self._asked = -1.0
        self._running = False
        self._said = False
        self._lock = Lock()

    def start(self, budget: Budget, begin: float, end: float) -> None:
        """Read what was spent before this process began; blocks until it is known."""
        self._ask(budget, begin, end)

    def refresh(self, budget: Budget, begin: float, end: float) -> None:
        """Refresh the count of others if it is older than `REFRESH_SECONDS`; never blocks."""
        now = time.monotonic()
        with self._lock:
            recent = now - self._asked < REFRESH_SECONDS or not self._log.shared
            if self._running or (recent and budget.knows_others(begin)):
                return
            self._running, self._asked = True, now
        try:
            start_in_background(partial(self._ask_behind, budget, begin, end), "routellm budget")
        except RuntimeError:
            # No more threads: it is refreshed at a later call.
            with self._lock:
                self._running = False

    def _ask_behind(self, budget: Budget, begin: float, end: float) -> None:
        try:
            self._log.flush(REFRESH_SECONDS)
            self._ask(budget, begin, end)
        finally:
            with self._lock:
                self._running = False

    def _ask(self, budget: Budget, begin: float, end: float) -> None:
        # Before the query, so that spend in the meantime is counted twice for a while rather than lost.
        own = budget.own(begin)
        try:
            total = self._total(begin, end) if self._path.is_file() else own
        except Exception as error:
            if not budget.knows_others(begin):
                budget.set_others(begin, 0.0)  # so that it is not asked again at every call
            if not self._said:
                self._said = True
                _LOG.warning(
                    "budget: %s can't be read (%s); this process counts for itself.",
                    self._path,
                    type(error).__name__,
                )
            return
        budget.set_others(begin, total - own)

    def _total(self, begin: float, end: float) -> float:
        since, until = (
            datetime.fromtimestamp(time, UTC).isoformat(timespec="milliseconds") for time in (begin, end)
        )
        if not self._log.shared:
            rows = read_decisions(self._path)
            return sum(_cost(row) for row in rows if since <= str(row.get("time")) < until)
        with open_to_read(self._path) as connection:
            (found,) = connection.execute(_SUM, (since, until)).fetchone()
        return float(found or 0.0)


def _cost(row: Mapping[str, Any]) -> float:
    """Return what a row says that strong cost; 0 for what is no amount, or would give money back."""
    value = row.get("strong_cost")
    if not isinstance(value, int | float) or isinstance(value, bool) or not 0 < value < _MOST:
        return 0.0
    return float(value)
