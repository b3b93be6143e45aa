"""Logged decisions: a decision log's content, read row by row, even while it is written to."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from routellm_core.routing.decision_log import LOG_VERSION, SQLITE_SCHEME
from routellm_core.routing.decision_stores import KEEP, open_to_read

_SQLITE_HEAD = b"SQLite format 3\0"

_PART = 100
"""Rows of a database that are read at once."""


class DecisionLogError(ValueError):
    """A log can't be read, has a later version or no row of use; the message says what to do."""

    @classmethod
    def without_rows(cls, where: str | os.PathLike[str]) -> DecisionLogError:
        """Return the error for a file in which there is no row of a decision log."""
        return cls(
            f"{os.fspath(where)} holds no row of a decision log: give the file that decision_log= names."
        )


def read_decisions(where: str | os.PathLike[str]) -> Iterator[dict[str, Any]]:
    """Yield the rows of a log, oldest first: decisions, and outcomes (rows with `outcome_of`).

    For a JSON Lines log the rotated files are read too. A line left unfinished by a killed process is
    skipped, as is any other that is not a JSON object.

    Args:
        where: `decisions.jsonl`, `sqlite:///decisions.db` or the path of such a database.

    Raises:
        DecisionLogError: there is no such file, it is not a log, or a row has a later version.
    """
    path = log_path(where)
    if not path.is_file():
        raise DecisionLogError(f"{path} is not a file: give the file that decision_log= names.")
    with path.open("rb") as stream:
        database = stream.read(len(_SQLITE_HEAD)) == _SQLITE_HEAD
    for row in _database_rows(path) if database else _line_rows(path):
        version = row.get("version")
        if not isinstance(version, int) or isinstance(version, bool):
            continue
        if version > LOG_VERSION:
            raise DecisionLogError(
                f"{path} holds a row of version {version}; this version reads {LOG_VERSION}: upgrade "
                "routellm-plugins."
            )
        yield row


def log_path(where: str | os.PathLike[str]) -> Path:
    """Return the file that `decision_log=` names."""
    return Path(os.fspath(where).removeprefix(SQLITE_SCHEME))


def decided_route(row: Mapping[str, Any]) -> Any:
    """Return the side that the decision chose; in shadow mode, the one that would have answered."""
    return row.get("shadow_route") or row.get("route")


def _line_rows(path: Path) -> Iterator[dict[str, Any]]:
    rotated = [path.with_name(f"{path.name}.{number}") for number in range(KEEP, 0, -1)]
    for file in (*rotated, path):
        # Rotation may move a file in the meantime.
        if not file.is_file():
            continue
        with file.open("rb") as stream:
            for line in stream:
                row = _row(line)
                if row is not None:
                    yield row


def _database_rows(path: Path) -> Iterator[dict[str, Any]]:
    import sqlite3

    try:
        for table in ("decisions", "outcomes"):
            for text in _texts(path, table):
                row = _row(text)
                if row is not None:
                    yield row
    except sqlite3.Error as error:
        raise DecisionLogError(f"{path} can't be read as a decision log ({error}).") from error


def _texts(path: Path, table: str) -> Iterator[str | bytes]:
    # Opened for each part: the reader may take its time, and the process may fork in the meantime.
    query, last = f"SELECT rowid, row FROM {table} WHERE rowid > ? ORDER BY rowid LIMIT {_PART}", -1
    while True:
        with open_to_read(path) as connection:
            rows = connection.execute(query, (last,)).fetchall()
        yield from (text for _, text in rows)
        if len(rows) < _PART:
            return
        last = rows[-1][0]


def _row(text: str | bytes) -> dict[str, Any] | None:
    try:
        row = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return row if isinstance(row, dict) else None
