"""ScoreThreads: threads that score beside a caller who waits no longer than its limit."""

from __future__ import annotations

from collections.abc import Callable
from contextvars import copy_context
from threading import BoundedSemaphore, Thread
from typing import Any

from routellm_core.router import RouterError

MOST_AT_ONCE = 32
"""A router that hangs for each text holds this many threads and no more."""


class ScoreTimeoutError(RouterError):
    """A router that gave no score within `score_timeout`."""


class ScoreThreads:
    """Starts threads that never keep the interpreter from ending, and not too many of them."""

    def __init__(self) -> None:
        self._free = BoundedSemaphore(MOST_AT_ONCE)

    def start(self, work: Callable[[], None]) -> None:
        """Run `work`, which must not raise, in a thread, in the caller's context.

        Raises:
            ScoreTimeoutError: as many threads as there may be are still waiting for the router.
        """
        if not self._free.acquire(blocking=False):
            raise ScoreTimeoutError(f"{MOST_AT_ONCE} earlier calls of the router have not ended yet.")

        def run() -> None:
            try:
                work()
            finally:
                self._free.release()

        Thread(target=copy_context().run, args=(run,), name="routellm-score", daemon=True).start()

    # Threads don't travel: a copy or a pickle has none running.
    def __getstate__(self) -> dict[str, Any]:
        return {}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__init__()  # type: ignore[misc]  # a new one is as good
