"""Row stores: decisions as JSON Lines or in SQLite, appended to by many processes at once."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from routellm_core.checkpoints.open_databases import open_database

if TYPE_CHECKING:
    import sqlite3

ROTATE_BYTES = 64 * 1024 * 1024
"""Size from which a JSON Lines log is renamed to `NAME.1`, with earlier ones moving to `NAME.2` and so on."""

KEEP = 10
"""Rotated files that are kept."""

BUSY_SECONDS = 5.0
"""How long a write waits for another process that holds the database."""
_RETRY_SECONDS = 0.02

Row = Mapping[str, Any]


class JsonLinesStore:
    """One JSON object a line; each batch is one write at the end of the file, so lines never mix."""

    shared = False

    def __init__(self, path: Path, rotate_bytes: int = ROTATE_BYTES, keep: int = KEEP) -> None:
        """Store the path; the file is opened anew for each batch, so it may be moved or deleted."""
        self.path = path
        self._rotate_bytes = rotate_bytes
        self._keep = keep

    def append(self, rows: list[Row]) -> None:
        """Append rows; raises OSError if nothing could be written."""
        data = "".join(_encoded(row, ensure_ascii=False) + "\n" for row in rows)
        encoded = data.encode("utf-8", "backslashreplace")
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with _locked(self.path.with_name(self.path.name + ".lock")):
            self._rotate()
            file = os.open(self.path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o600)
            try:
                _append_whole(file, encoded)
            finally:
                os.close(file)

    def close(self) -> None:
        """Do nothing: nothing stays open between batches."""

    def _rotate(self) -> None:
        try:
            if self.path.stat().st_size < self._rotate_bytes:
                return
        except FileNotFoundError:
            return
        for number in range(self._keep, 0, -1):
            older = self.path.with_name(f"{self.path.name}.{number}")
            newer = self.path.with_name(f"{self.path.name}.{number - 1}") if number > 1 else self.path
            if newer.exists():
                newer.replace(older)


class SqliteStore:
    """A database in WAL mode with the tables `decisions` and `outcomes`: what is learned of them later."""

    shared = True

    def __init__(self, path: Path) -> None:
        """Store the path; the database is opened for each batch, so it may be moved or deleted."""
        self.path = path

    def append(self, rows: list[Row]) -> None:
        """Append rows in one transaction; raises OSError or sqlite3.Error if they are not written."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with open_database(partial(connect, self.path)) as connection, connection:
            for row in rows:
                encoded = _encoded(row, ensure_ascii=True)
                about = row.get("outcome_of") or row.get("answers_of")
                if about is not None:
                    values = (about, row.get("time"), encoded)
                    connection.execute("INSERT INTO outcomes (decision, time, row) VALUES (?, ?, ?)", values)
                else:
                    values = (row.get("id"), row.get("time"), encoded)
                    connection.execute("INSERT INTO decisions (id, time, row) VALUES (?, ?, ?)", values)

    def close(self) -> None:
        """Do nothing: nothing stays open between batches."""


def _encoded(row: Row, *, ensure_ascii: bool) -> str:
    """Return a row as JSON; a value that no JSON holds and that has no text is told by its type."""
    try:
        return json.dumps(dict(row), ensure_ascii=ensure_ascii, default=str)
    except Exception:  # whatever a value's own `__str__` raises
        plain = {name: value if _is_sayable(value) else type(value).__name__ for name, value in row.items()}
        return json.dumps(plain, ensure_ascii=ensure_ascii, default=str)


def _is_sayable(value: object) -> bool:
    try:
        json.dumps(value, default=str)
    except Exception:
        return False
    return True


def connect(path: Path) -> sqlite3.Connection:
    """Open a log's database, and create its tables if it is new; raises sqlite3.Error."""
    import sqlite3

    deadline = time.monotonic() + BUSY_SECONDS
    while True:
        connection = sqlite3.connect(path, timeout=BUSY_SECONDS)
        try:
            _prepare(connection)
        except sqlite3.OperationalError as error:
            connection.close()
            # A new database that another process turns to WAL is locked at once, whatever the timeout is.
            if "locked" not in str(error) or time.monotonic() >= deadline:
                raise
            time.sleep(_RETRY_SECONDS)
        else:
            return connection


def _prepare(connection: sqlite3.Connection) -> None:
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=NORMAL")
    connection.execute("CREATE TABLE IF NOT EXISTS decisions (id TEXT, time TEXT, row TEXT NOT NULL)")
    connection.execute("CREATE INDEX IF NOT EXISTS decisions_by_id ON decisions (id)")
    connection.execute("CREATE INDEX IF NOT EXISTS decisions_by_time ON decisions (time)")
    connection.execute("CREATE TABLE IF NOT EXISTS outcomes (decision TEXT, time TEXT, row TEXT NOT NULL)")


def open_to_read(path: Path) -> AbstractContextManager[sqlite3.Connection]:
    """Open a log's database to read it, whatever characters its path has; raises sqlite3.Error."""
    import sqlite3

    return open_database(partial(sqlite3.connect, f"{path.absolute().as_uri()}?mode=ro", uri=True))


def _append_whole(file: int, data: bytes) -> None:
    size = os.fstat(file).st_size
    try:
        # A line left unfinished by a killed process is ended here, so that only it is lost.
        if size and os.pread(file, 1, size - 1) != b"\n":
            data = b"\n" + data
        view = memoryview(data)
        while view:
            view = view[os.write(file, view) :]
    except OSError:
        # A full disk may have stored a part: half a line would corrupt the next one.
        os.ftruncate(file, size)
        raise


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Hold a lock file between processes, if the system has such locks."""
    try:
        import fcntl
    except ImportError:  # Windows: appends there are whole up to a sector, and rotation is rare
        yield
        return
    file = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(file, fcntl.LOCK_EX)
        try:
            yield
        finally:
            # A process that was forked meanwhile holds the same open file, and with it the lock: closing it
            # here would leave everybody locked out, that process included.
            fcntl.flock(file, fcntl.LOCK_UN)
    finally:
        os.close(file)
