"""CallLog: every paid call of a run in one append-only file, which is also what a resumed run reads.

A row is on the disk before anything is done with what it says. "start" rows come before the call, so that a
run that was killed knows which calls may have been charged without an answer. The kinds of rows (`event`):

- start: `key`, `model`, `most` (the most tokens it can use), and what the call is about;
- answer: `key`, `model`, `text`, `usage`, `counted`, `truncated`: the raw answer, a judge's included;
  `counted` is false where the provider reported no tokens and `usage` is the most that it can be;
- failed: `key`, `model`, `error`: nothing was charged;
- lost: `key`, `model`, `error`, `usage`: no answer came, and the provider may have charged up to that.

Tokens and no money: what they cost follows from the prices of whoever reads the log.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections import defaultdict
from collections.abc import Mapping, Sequence
from os import PathLike
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, Self

from routellm_core.checkpoints.json_content import parse_json
from routellm_core.preferences.judging.disk_reserve import FULL, DiskReserve
from routellm_core.preferences.judging.responder import Answer, Message, Responder
from routellm_core.preferences.reading.records import DataError
from routellm_core.routing.prices import TokenUsage

_USAGE = ("input", "output", "cached_input")
_SHARED: dict[str, type] = {"key": str, "model": str}
_FIELDS: dict[str, dict[str, type]] = {
    "start": {**_SHARED, "most": dict},
    "answer": {**_SHARED, "truncated": bool},
    "failed": _SHARED,
    "lost": _SHARED,
}

LONGEST_ROW = 2**26
"""Bytes; a longer line is no row of such a log."""


def call_key(responder: Responder, messages: Sequence[Message], attempt: int = 0) -> str:
    """Return a call's key, made of the model, its limit, the messages and the number of the try."""
    content = [responder.name, responder.max_tokens, [dict(message) for message in messages], attempt]
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:32]


class CallLog:
    """The log, open for a single run; a context manager.

    Answers are kept on the disk and found by their place, so that a long run's memory stays small.

    Attributes:
        used: model -> tokens of all answers.
        lost: model -> the most tokens that may have been charged without an answer.
        interrupted: how many calls were in flight when an earlier run was killed; among the lost ones.
    """

    def __init__(self, path: str | PathLike[str], *, changing: bool = True) -> None:
        """Open or make the file, repair its end, and read what was paid.

        Args:
            path: the file.
            changing: False to look only: nothing is repaired or added.

        Raises:
            DataError: a row in the middle is damaged, or another run has the file open.
        """
        self.path = Path(path)
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self.used: defaultdict[str, TokenUsage] = defaultdict(TokenUsage)
        self.lost: defaultdict[str, TokenUsage] = defaultdict(TokenUsage)
        self.interrupted = 0
        self._changing = changing
        self._places: dict[str, tuple[int, int]] = {}
        self._open: dict[str, Mapping[str, Any]] = {}
        # Two handles: a buffer that a full disk did not take would be written again by the next seek.
        self._file: BinaryIO = self.path.open("a+b")
        self._end = self.path.open("ab", buffering=0)
        self._reserve: DiskReserve | None = None
        try:
            self._lock()
            self._read()
            if not changing:
                return
            self._reserve = DiskReserve(self.path)
            for key, start in list(self._open.items()):
                self.interrupted += 1
                self.append(
                    {
                        "event": "lost",
                        "key": key,
                        "model": start["model"],
                        "error": "the run ended before the answer",
                        "usage": start["most"],
                    }
                )
        except BaseException:
            self._close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._close()

    def __len__(self) -> int:
        """The number of answers."""
        return len(self._places)

    @property
    def full(self) -> bool:
        """Whether the disk got full: no call may start, and what is in flight still finds room."""
        return self._reserve is not None and not self._reserve.held

    def append(self, row: Mapping[str, Any]) -> None:
        """Write one row; it is on the disk when this returns.

        Where the disk is full, a row of what was paid for takes the room that was kept for it.

        Raises:
            OSError: it can't be written; names the file, which ends with the row before.
        """
        # ASCII: half a surrogate pair, which a prompt may hold, has no UTF-8.
        line = json.dumps(row).encode("ascii") + b"\n"
        try:
            place = self._write(line)
        except OSError as error:
            if self._reserve is None or error.errno not in FULL:
                raise
            self._reserve.release()
            if row["event"] == "start":
                raise
            place = self._write(line)
        self._count(row, place, len(line))

    def _write(self, line: bytes) -> int:
        """Write a line whole or not at all; return where it begins."""
        place = os.fstat(self._end.fileno()).st_size
        try:
            written = 0
            while written < len(line):
                written += self._end.write(line[written:])
            os.fsync(self._end.fileno())
        except OSError as error:
            self._end.truncate(place)
            raise OSError(error.errno, error.strerror, str(self.path)) from error
        return place

    def _close(self) -> None:
        self._file.close()
        self._end.close()
        if self._reserve is not None:
            self._reserve.release()

    def answer(self, key: str) -> Answer | None:
        """Return the answer that was paid for this call; None if there is none."""
        if key not in self._places:
            return None
        place, length = self._places[key]
        self._file.seek(place)
        row = json.loads(self._file.read(length))
        text = row.get("text")
        return Answer(
            text if isinstance(text, str) else "",
            _tokens(row.get("usage")) or TokenUsage(),
            bool(row["truncated"]),
        )

    def _lock(self) -> None:
        try:
            import fcntl
        except ImportError:  # no such lock on Windows
            return
        try:
            # The system gives it back when the process ends, however it ends.
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise DataError(
                f"{self.path} is in use by another run, and both would pay for the same calls: wait for it, "
                "or give another log."
            ) from error

    def _read(self) -> None:
        self._file.seek(0)
        place = number = 0
        while line := self._file.readline(LONGEST_ROW):
            number += 1
            row = _row(line)
            if row is not None:
                self._count(row, place, len(line))
            elif (line.endswith(b"\n") and line.strip()) or len(line) == LONGEST_ROW:
                raise DataError(
                    f"{self.path}:{number}: not a row of a log of calls. It may record a paid call: fix "
                    "or remove the line, or give another log."
                )
            elif not line.endswith(b"\n"):
                # The run was killed while it wrote this row.
                if self._changing:
                    self._end.truncate(place)
                return
            if self._changing and row is not None and not line.endswith(b"\n"):
                self._write(b"\n")
            place += len(line)

    def _count(self, row: Mapping[str, Any], place: int, length: int) -> None:
        key, event, model = row["key"], row["event"], row["model"]
        if event == "start":
            self._open[key] = row
            return
        start = self._open.pop(key, {})
        # What can't be true, in a log of an older version, counts as the most that the call could use.
        usage = _tokens(row.get("usage")) or _tokens(start.get("most")) or TokenUsage()
        if event == "answer":
            self._places[key] = (place, length)
            self.used[model] += usage
        elif event == "lost":
            self.lost[model] += usage


def _row(line: bytes) -> dict[str, Any] | None:
    try:
        row = parse_json(line)
    except ValueError:
        return None
    fields = _FIELDS.get(str(row.get("event"))) if isinstance(row, dict) else None
    if fields is None or not all(isinstance(row.get(field), kind) for field, kind in fields.items()):
        return None
    return None if row["event"] == "start" and _tokens(row["most"]) is None else row


def _tokens(usage: Any) -> TokenUsage | None:
    counts = [usage.get(field) for field in _USAGE] if isinstance(usage, dict) else [None]
    if not all(type(count) is int and count >= 0 for count in counts):
        return None
    return TokenUsage(*counts)
