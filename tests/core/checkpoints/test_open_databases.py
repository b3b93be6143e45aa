"""A fork while an SQLite file is open leaves the child with locks of nobody, and destroys the file."""

from __future__ import annotations

import os
import sqlite3
import threading
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from routellm_core.checkpoints import open_databases
from routellm_core.checkpoints.open_databases import open_database
from routellm_core.routing.decision_stores import SqliteStore

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")


class Connection:
    def __init__(self) -> None:
        self.closed = False

    def close(self) -> None:
        self.closed = True


def forked(child: Any) -> int:
    """Return the exit status of a forked process: 0 if `child()` was true."""
    pid = os.fork()
    if pid == 0:
        try:
            os._exit(0 if child() else 1)
        finally:
            os._exit(2)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


class Holder:
    """Opens a connection in a thread, and closes it when it is told to."""

    def __init__(self, seconds: float) -> None:
        self.connection: Any = Connection()
        self.told, opened = threading.Event(), threading.Event()

        def hold() -> None:
            with open_database(lambda: self.connection):
                opened.set()
                self.told.wait(seconds)

        self.thread = threading.Thread(target=hold)
        self.thread.start()
        assert opened.wait(10.0)

    def end(self) -> None:
        self.told.set()
        self.thread.join()


def opens() -> bool:
    with open_database(lambda: sqlite3.connect(":memory:")):
        return True


def test_a_fork_waits_until_the_files_are_closed() -> None:
    holder = Holder(0.2)
    assert forked(lambda: holder.connection.closed and opens()) == 0
    holder.end()
    assert opens()


def test_a_file_that_the_forking_thread_has_open_itself_is_not_waited_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(open_databases, "LONGEST_WAIT", 100.0)
    with open_database(lambda: sqlite3.connect(":memory:")):
        assert forked(lambda: True) == 0


def refuses() -> bool:
    try:
        opens()
    except sqlite3.OperationalError as error:
        return "forked while a database was open" in str(error)
    return False


def test_a_child_that_was_forked_all_the_same_opens_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(open_databases, "LONGEST_WAIT", 0.05)
    holder = Holder(20.0)
    assert forked(lambda: refuses() and forked(refuses) == 0) == 0
    holder.end()
    assert opens()


def test_forks_beside_a_writer_lose_no_row(tmp_path: Path) -> None:
    path, over, written = tmp_path / "log.db", threading.Event(), 0
    store = SqliteStore(path)

    def write() -> None:
        nonlocal written
        while not over.is_set():
            store.append([{"id": f"parent {written}"}])
            written += 1

    def child() -> bool:
        store.append([{"id": f"child {os.getpid()}"}])
        return True

    store.append([{"id": "first"}])
    thread = threading.Thread(target=write)
    thread.start()
    ends = [forked(child) for _ in range(40)]
    over.set()
    thread.join()
    assert ends == [0] * 40
    with closing(sqlite3.connect(path)) as found:
        assert found.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert found.execute("SELECT COUNT(DISTINCT id) FROM decisions").fetchone() == (41 + written,)
