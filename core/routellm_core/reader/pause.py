"""Pause: a reader that keeps failing is left alone for a while, so that calls do not wait for it in turn."""

from __future__ import annotations

from threading import Lock
from time import monotonic
from typing import Any, Literal

FAILURES = 5
"""Failures in a row after which the reader is left alone."""

SECONDS = 30.0
"""How long; then one prompt tries it again."""

Entry = Literal["open", "trial", "closed"]


class Pause:
    """Counts failures in a row; safe between threads."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._failures = 0
        self._until = 0.0
        self._answered = 0.0

    @property
    def closed(self) -> bool:
        """Whether the reader is left alone now."""
        return self._failures >= FAILURES and monotonic() < self._until

    def entry(self) -> Entry:
        """Return whether a prompt may be read: "trial" for the one that tries the reader after a pause."""
        if self._failures < FAILURES:
            return "open"
        with self._lock:
            now = monotonic()
            if now < self._until:
                return "closed"
            self._until = now + SECONDS
            return "trial"

    def answered(self) -> None:
        """Note a rating."""
        self._answered = monotonic()
        self._failures = 0

    def failed(self) -> None:
        """Note that the reader was asked in vain."""
        self._fail(1)

    def late(self, prompts: int, since: float) -> None:
        """Note prompts that were waited for in vain.

        They may only have stood in line, so they count where the reader rated nothing at all in the meantime.

        Args:
            prompts: how many.
            since: when the waiting began, by the monotonic clock.
        """
        if self._answered < since:
            self._fail(prompts)

    def _fail(self, times: int) -> None:
        with self._lock:
            before, self._failures = self._failures, self._failures + times
            if before < FAILURES <= self._failures:
                self._until = monotonic() + SECONDS

    # A lock can't be copied.
    def __getstate__(self) -> dict[str, Any]:
        return {}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__init__()  # type: ignore[misc]  # a copy finds out for itself
