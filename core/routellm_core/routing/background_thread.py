"""Background threads: daemon threads, none of which is begun when the interpreter no longer runs any."""

from __future__ import annotations

import sys
from collections.abc import Callable
from threading import Thread


def start_in_background(work: Callable[[], object], name: str) -> Thread:
    """Start a daemon thread.

    Raises:
        RuntimeError: no thread can be started, as while the interpreter ends: a stream that is closed by then
            would wait for ever for a thread that is never run.
    """
    if sys.is_finalizing():
        raise RuntimeError("no thread runs while the interpreter ends")
    thread = Thread(target=work, name=name, daemon=True)
    thread.start()
    return thread
