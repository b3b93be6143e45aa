"""Open databases: SQLite files are not open while this process forks.

A forked process inherits what SQLite remembers of its locks, and not the locks themselves: if a file is open
at that moment, the child takes it for locked for ever, or writes to it without a lock and destroys it.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import closing, contextmanager
from threading import Condition, local
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable

LONGEST_WAIT = 10.0
"""Seconds that a fork waits for files to be closed; each is open for milliseconds, or until another process
has written."""


class _Users:
    """How many files are open, and whether a fork waits for them to be closed."""

    def __init__(self) -> None:
        self.changed = Condition()
        self.open = 0
        self.own = local()
        self.is_registered = False
        self.was_open = False

    def register(self) -> None:
        # Only a process that opens a file has to do with it.
        if not self.is_registered and hasattr(os, "register_at_fork"):
            self.is_registered = True
            os.register_at_fork(
                before=self.before_fork,
                after_in_parent=self.changed_in_parent,
                after_in_child=self.start_anew,
            )

    def before_fork(self) -> None:
        own = getattr(self.own, "open", 0)
        self.changed.acquire()
        # Those of the forking thread itself would never be closed.
        self.changed.wait_for(lambda: self.open <= own, LONGEST_WAIT)

    def changed_in_parent(self) -> None:
        self.changed.release()

    def start_anew(self) -> None:
        # A file that was open all the same must not be opened by this process again.
        self.was_open = self.was_open or self.open > 0
        self.changed = Condition()
        self.open = 0
        self.own = local()


_USERS = _Users()


@contextmanager
def open_database(connect: Callable[[], sqlite3.Connection]) -> Iterator[sqlite3.Connection]:
    """Open a file that is closed when the block ends; a fork waits for that, and the block for a fork.

    Args:
        connect: opens it.

    Raises:
        sqlite3.OperationalError: this process was forked while a file was open.
    """
    import sqlite3

    users = _USERS
    if users.was_open:
        raise sqlite3.OperationalError("this process was forked while a database was open")
    with users.changed:
        users.register()
        users.open += 1
        users.own.open = getattr(users.own, "open", 0) + 1
    try:
        with closing(connect()) as connection:
            yield connection
    finally:
        with users.changed:
            users.open -= 1
            users.own.open -= 1
            users.changed.notify_all()
