"""DecisionLog: one row per routed call, written in the background; a log that fails never fails a call.

A caller hands over a row and continues. One daemon thread writes the queued rows. Rows that can't be written
are counted as lost and reported once.
"""

from __future__ import annotations

import atexit
import hashlib
import logging
import os
import secrets
import sys
import weakref
from collections import deque
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from threading import Condition, Thread
from typing import Any, Protocol

from routellm_core.checkpoints.redaction import without_secrets
from routellm_core.routing.background_thread import start_in_background
from routellm_core.routing.validation import check_fraction

LOG_VERSION = 1
"""The `version` of each row; a reader rejects rows of a later one."""

QUEUE_SIZE = 10_000
"""Most rows that wait for the writer; further rows are counted as lost instead of filling memory."""

SQLITE_SCHEME = "sqlite:///"

_LOG = logging.getLogger("routellm")

Row = Mapping[str, Any]


class RowStore(Protocol):
    """Where rows are stored; used only by the writer's thread.

    Attributes:
        shared: whether rows of all processes can be queried quickly.
    """

    shared: bool

    def append(self, rows: list[Row]) -> None:
        """Write rows, all of them or none; raises OSError or sqlite3.Error."""

    def close(self) -> None:
        """Release open resources."""


class DecisionLog:
    """A log of decisions and their outcomes; safe for threads, tasks, processes and forks."""

    def __init__(self, store: RowStore, where: str, log_text: bool = False) -> None:
        """Store the parts; nothing is opened before the first row.

        Args:
            store: writes rows.
            where: the path, for messages.
            log_text: whether rows hold the scored text itself, beside its hash.
        """
        self.where = where
        self.log_text = log_text
        self._store = store
        self._writer = _Writer(store, where)

    @classmethod
    def open(cls, where: str | os.PathLike[str], log_text: bool = False) -> DecisionLog:
        """Make a log for `decisions.jsonl` or `sqlite:///decisions.db`.

        Raises:
            ValueError: no path, or the path is a folder.
        """
        from routellm_core.routing.decision_stores import JsonLinesStore, SqliteStore

        name = os.fspath(where)
        plain = name.removeprefix(SQLITE_SCHEME)
        path = Path(plain)
        if not plain or "://" in plain or path.is_dir():
            raise ValueError(
                f"decision_log is {without_secrets(name)!r}, expected a file such as 'decisions.jsonl' or "
                "'sqlite:///decisions.db'."
            )
        store = SqliteStore(path) if name.startswith(SQLITE_SCHEME) else JsonLinesStore(path)
        return cls(store, str(path), log_text)

    @property
    def name(self) -> str:
        """The argument from which `DecisionLog.open` makes this log."""
        return f"{SQLITE_SCHEME}{self.where}" if self.shared else self.where

    @property
    def shared(self) -> bool:
        """Whether other processes' rows can be queried quickly, as in a database."""
        return self._store.shared

    @property
    def lost(self) -> int:
        """Rows that could not be written."""
        return self._writer.lost

    def write(self, row: Row, text: str | None = None) -> None:
        """Hand over one decision's row; never raises and never waits for the disk.

        Args:
            row: plain values for JSON; `id` is the decision's.
            text: the scored text, None if there is none.
        """
        marks: dict[str, Any] = {"version": LOG_VERSION, "time": _now(), "text_hash": text_hash(text)}
        if self.log_text:
            marks["text"] = text
        self._writer.put({**marks, **row})

    def outcome(self, id: str, score: float, grader: str = "user") -> None:
        """Log how good the answer to a decision was: thumbs, a test, a person's grade.

        Args:
            id: the decision's, from the record in the answer.
            score: in [0, 1].
            grader: the source of the score.

        Raises:
            ValueError: no id, or a score that is not a number in [0, 1].
        """
        if not isinstance(id, str) or not id:
            raise ValueError(f"id is {id!r}, expected the id of a decision, such as record['id'].")
        checked = check_fraction(score, "score")
        row = {"version": LOG_VERSION, "time": _now(), "outcome_of": id, "score": checked, "grader": grader}
        self._writer.put(row)

    def flush(self, timeout: float | None = 10.0) -> bool:
        """Wait until every row handed over so far is written or lost; False after too long."""
        return self._writer.flush(timeout)

    def close(self) -> None:
        """Write what is waiting, and release the file; a later row opens it again."""
        self._writer.close()

    # A copy or pickle carries only the log's place; each process and copy has its own writer.
    def __getstate__(self) -> dict[str, Any]:
        return {"store": self._store, "where": self.where, "log_text": self.log_text}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__init__(**state)  # type: ignore[misc]  # what __init__ takes is all there is

    def __repr__(self) -> str:
        return f"DecisionLog({self.where!r})"


class _Writer:
    """The queue and its thread, which starts with the first row and again after a fork."""

    def __init__(self, store: RowStore, where: str) -> None:
        self.lost = 0
        self._store = store
        self._where = where
        self._start_anew()

    def put(self, row: Row) -> None:
        self._notice_fork()
        with self._changed:
            if len(self._waiting) >= QUEUE_SIZE:
                self.lost += 1
                full = True
            else:
                self._waiting.append(row)
                self._put += 1
                full = False
            is_read = self._is_read()
            self._changed.notify_all()
        if not is_read:
            # No thread can be started, as while the interpreter ends.
            self._write_waiting()
        if full:
            self._say("rows come faster than they can be written")

    def flush(self, timeout: float | None) -> bool:
        self._notice_fork()
        with self._changed:
            wanted = self._put
            return self._changed.wait_for(lambda: self._done >= wanted, timeout)

    def close(self) -> None:
        self._notice_fork()
        with self._changed:
            thread, self._closing = self._thread, True
            self._changed.notify_all()
        if thread is not None:
            thread.join(10.0)

    def _notice_fork(self) -> None:
        # A fork has neither the thread nor the file position, and its copy of the lock may never be free
        # again; the parent writes the waiting rows.
        if self._pid != os.getpid():
            self._start_anew()

    def _start_anew(self) -> None:
        self._pid = os.getpid()
        self._changed = Condition()
        self._waiting: deque[Row] = deque()
        self._put = self._done = 0
        self._closing = False
        self._thread: Thread | None = None
        self._said = False
        self._registered = False

    def _is_read(self) -> bool:
        """Return whether a thread writes what waits; starts it if need be."""
        if self._thread is not None and self._thread.is_alive() and not sys.is_finalizing():
            return True
        self._closing = False
        try:
            self._thread = start_in_background(self._run, "routellm decision log")
            if not self._registered:
                # Through a weak reference, so that the interpreter does not keep an unused log alive.
                atexit.register(_close, weakref.ref(self))
                self._registered = True
        except RuntimeError:
            return False
        return True

    def _run(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._waiting or self._closing)
                closing = self._closing
            self._write_waiting()
            if closing:
                self._close_store()
                return

    def _write_waiting(self) -> None:
        with self._changed:
            rows = list(self._waiting)
            self._waiting.clear()
        if rows:
            self._append(rows)

    def _append(self, rows: list[Row]) -> None:
        try:
            self._store.append(rows)
        except BaseException as error:  # a hook that exits ends this thread, and a flush would wait for ever
            self.lost += len(rows)
            why = getattr(error, "strerror", None) or without_secrets(str(error))
            self._say(f"{type(error).__name__}: {why}")
        with self._changed:
            self._done += len(rows)
            self._changed.notify_all()

    def _close_store(self) -> None:
        try:
            self._store.close()
        except Exception as error:
            self._say(f"{type(error).__name__} while closing")

    def _say(self, why: str) -> None:
        if not self._said:
            self._said = True
            _LOG.warning(
                "decision log %s: rows are lost (%s). Calls go on; `decision_log.lost` counts the rows.",
                self._where,
                why,
            )


def new_decision_id() -> str:
    """Return a unique id for a decision: 16 hexadecimal digits."""
    return secrets.token_hex(8)


def text_hash(text: str | None) -> str | None:
    """Return the first 32 hexadecimal digits of a text's SHA-256, None for no text."""
    if text is None:
        return None
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:32]


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")


def _close(writer: weakref.ref[_Writer]) -> None:
    found = writer()
    if found is not None:
        found.close()
