"""ScoreThreads: threads that score for callers who wait no longer than a limit."""

from __future__ import annotations

from collections.abc import Callable
from contextvars import copy_context
from functools import partial
from threading import BoundedSemaphore
from typing import Any

from routellm_core.router import RouterError
from routellm_core.routing.background_thread import start_in_background

MOST_AT_ONCE = 32
"""Most threads that a hanging router can hold."""


class ScoreTimeoutError(RouterError):
    """A router gave no score within `score_timeout`."""


class ScoreThreads:
    """Starts a bounded number of threads that never keep the interpreter from exiting."""

    def __init__(self) -> None:
        self._free = BoundedSemaphore(MOST_AT_ONCE)

    def start(self, work: Callable[[], None], seconds: float) -> None:
        """Run `work`, which must not raise, in a thread, in the caller's context.

        Raises:
            ScoreTimeoutError: no thread became free within so many seconds.
        """
        if not self._free.acquire(timeout=seconds):
            raise ScoreTimeoutError(f"{MOST_AT_ONCE} earlier calls of the router are still running.")

        def run() -> None:
            try:
                work()
            finally:
                self._free.release()

        try:
            start_in_background(partial(copy_context().run, run), "routellm-score")
        except BaseException:
            self._free.release()
            raise

    # Threads can't be copied: a copy or a pickle has none running.
    def __getstate__(self) -> dict[str, Any]:
        return {}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__init__()  # type: ignore[misc]  # a new one is as good
