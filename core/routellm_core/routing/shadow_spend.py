"""ShadowSpend: what the shadow answers of all processes on one SQLite decision log have cost so far."""

from __future__ import annotations

import logging
import time
from threading import Lock

from routellm_core.routing.decision_log import DecisionLog
from routellm_core.routing.decision_stores import open_to_read
from routellm_core.routing.logged_decisions import log_path

_LOG = logging.getLogger("routellm")

REFRESH_SECONDS = 2.0
"""Largest age of the sum."""

_MOST = 1e12
"""No answer costs as much in any currency."""

_SUM = f"""
SELECT SUM(cost) FROM (
    SELECT CASE WHEN json_valid(row) AND json_type(row, '$.answers_of') = 'text'
    AND json_type(row, '$.cost') IN ('integer', 'real')
    THEN json_extract(row, '$.cost') END AS cost
    FROM outcomes
) WHERE cost > 0 AND cost < {_MOST!r}
"""


class ShadowSpend:
    """Asked by the sample's own threads, so it may wait; safe between them."""

    def __init__(self, log: DecisionLog) -> None:
        """Store the log."""
        self.log = log
        self._asked = -REFRESH_SECONDS
        self._others = 0.0
        self._said = False
        self._lock = Lock()

    def others(self, own: float) -> float:
        """Return what is in the log beyond this process's own share, at most `REFRESH_SECONDS` old.

        Args:
            own: the costs of the rows that this process handed to the log.
        """
        with self._lock:
            now = time.monotonic()
            if now - self._asked >= REFRESH_SECONDS:
                self._asked = now
                self._others = max(0.0, self._total() - own)
            return self._others

    def _total(self) -> float:
        self.log.flush(REFRESH_SECONDS)
        path = log_path(self.log.where)
        try:
            if not path.is_file():
                return 0.0
            with open_to_read(path) as connection:
                (found,) = connection.execute(_SUM).fetchone()
            return float(found or 0.0)
        except Exception as error:
            if not self._said:
                self._said = True
                _LOG.warning(
                    "shadow_max_cost: %s can't be read (%s); this process counts for itself.",
                    path,
                    type(error).__name__,
                )
            return 0.0
