"""ReadingThreads: a bounded number of threads that wait for a reader, and never keep Python from exiting."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable
from contextvars import Context
from functools import partial
from threading import Condition
from typing import Any

from routellm_core.routing.background_thread import start_in_background

Job = Callable[[], None]

_IDLE_SECONDS = 10.0


class ReadingThreads:
    """Runs jobs in daemon threads, in an empty context: a reading is no part of the call that it serves.

    It neither shows up in that call's trace nor among its events and tokens.
    """

    def __init__(self, most: int) -> None:
        """Store how many threads there may be at once; a thread that is idle for ten seconds ends."""
        self.most = most
        self._start_anew()

    def _start_anew(self) -> None:
        self._process = os.getpid()
        self._changed = Condition()
        self._jobs: deque[Job] = deque()
        self._running = 0
        self._waiting = 0

    def start(self, job: Job) -> None:
        """Run a job, which must not raise, as soon as a thread is free; returns at once."""
        if self._process != os.getpid():
            # A forked process has none of its parent's threads.
            self._start_anew()
        with self._changed:
            self._jobs.append(job)
            if len(self._jobs) <= self._waiting:
                self._changed.notify()
            elif self._running < self.most:
                try:
                    start_in_background(partial(Context().run, self._work), "routellm-reader")
                except RuntimeError:
                    self._jobs.pop()
                    raise
                self._running += 1

    def _work(self) -> None:
        while (job := self._next()) is not None:
            job()

    def _next(self) -> Job | None:
        with self._changed:
            if not self._jobs:
                self._waiting += 1
                self._changed.wait(_IDLE_SECONDS)
                self._waiting -= 1
            if self._jobs:
                return self._jobs.popleft()
            self._running -= 1
            return None

    # Threads can't be copied: a copy or a pickle has none running.
    def __getstate__(self) -> dict[str, Any]:
        return {"most": self.most}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__init__(**state)  # type: ignore[misc]  # a new one is as good
