"""Pause: a reader that keeps failing is left alone for a while, so that calls do not wait for it in turn."""

from __future__ import annotations

from threading import Lock
from time import monotonic
from typing import Any

FAILURES = 5
"""Failures in a row after which the reader is left alone."""

SECONDS = 30.0
"""How long; then one prompt tries it again."""


class Pause:
    """Counts failures in a row; safe between threads."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._failures = 0
        self._until = 0.0

    def allows(self) -> bool:
        """Return whether the reader may be asked; after a pause, that is one prompt alone."""
        if self._failures < FAILURES:
            return True
        with self._lock:
            now = monotonic()
            if now < self._until:
                return False
            self._until = now + SECONDS
            return True

    def succeeded(self) -> None:
        """Note an answer."""
        self._failures = 0

    def failed(self) -> None:
        """Note a failure."""
        with self._lock:
            self._failures += 1
            if self._failures == FAILURES:
                self._until = monotonic() + SECONDS

    # A lock can't be copied.
    def __getstate__(self) -> dict[str, Any]:
        return {}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__init__()  # type: ignore[misc]  # a copy finds out for itself
