"""Row stores: a new database that many processes open at once."""

from __future__ import annotations

import sqlite3
import threading
import time
from contextlib import closing
from pathlib import Path

from routellm_core.routing.decision_stores import SqliteStore, open_to_read


def test_a_new_database_that_another_process_is_writing_to_is_waited_for(tmp_path: Path) -> None:
    # SQLite refuses to turn such a database to WAL at once, whatever timeout is asked for.
    path = tmp_path / "decisions.db"
    held = threading.Event()

    def hold() -> None:
        with closing(sqlite3.connect(path, isolation_level=None)) as other:
            other.execute("CREATE TABLE others (a)")
            other.execute("BEGIN IMMEDIATE")
            other.execute("INSERT INTO others VALUES (1)")
            held.set()
            time.sleep(0.2)
            other.execute("COMMIT")

    holder = threading.Thread(target=hold)
    holder.start()
    assert held.wait(10)
    SqliteStore(path).append([{"id": "one"}])
    holder.join()

    with open_to_read(path) as database:
        assert database.execute("SELECT id FROM decisions").fetchall() == [("one",)]
