"""DecisionTable: what each decision of a log scored and used, on disk, so that a log of any length fits.

SQLite's private temporary database keeps a few megabytes in memory, writes the rest to the system's
temporary folder, and deletes it when it is closed.
"""

from __future__ import annotations

import sqlite3
from array import array
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from types import TracebackType
from typing import Self

import numpy as np

from routellm_core.logits import Floats

GROUPS = 4096
"""Most groups of decisions that are returned; more distinct scores share groups of equal size."""

COLUMNS = 5
"""Numbers kept of a decision besides its score, all of which add up."""

_READ = 1024


@dataclass(frozen=True)
class ScoreGroups:
    """Decisions of equal scores, or of neighbouring ones where there are many; sums are exact.

    Attributes:
        scores: the lowest score of each group, ascending, shape (k,); the highest of all is the last one.
        decisions: how many each holds, shape (k,).
        columns: the sums of their numbers, shape (COLUMNS, k).
    """

    scores: Floats
    decisions: Floats
    columns: Floats


class DecisionTable:
    """Decisions by number, from 0; a context manager."""

    def __init__(self) -> None:
        """Open an empty table."""
        self._database = sqlite3.connect("", isolation_level=None)
        names = ", ".join(f"c{column} real not null" for column in range(COLUMNS))
        self._database.execute("pragma journal_mode = off")  # nothing of it is ever rolled back
        self._database.execute(
            f"create table decisions (number integer primary key, score real not null, {names})"
        )
        self._insert = f"insert into decisions values (?, ?{', ?' * COLUMNS})"
        added = ", ".join(f"c{column} = c{column} + ?" for column in range(COLUMNS))
        self._add = f"update decisions set {added} where number = ?"

    def append(self, first: int, scores: Sequence[float], columns: Sequence[Sequence[float]]) -> None:
        """Add decisions with these numbers, the next ones in order.

        Args:
            first: the first one's number.
            scores: m of them.
            columns: COLUMNS numbers for each of the m.

        Raises:
            OSError: the temporary folder is full, or can't be written.
        """
        rows = ((first + place, scores[place], *row) for place, row in enumerate(columns))
        with _told():
            self._database.executemany(self._insert, rows)

    def add(self, number: int, columns: Sequence[float]) -> None:
        """Add to the numbers of a decision.

        Raises:
            OSError: see `append`.
        """
        with _told():
            self._database.execute(self._add, (*columns, number))

    def score(self, number: int) -> float:
        """Return a decision's score."""
        found = self._database.execute("select score from decisions where number = ?", (number,)).fetchone()
        return float(found[0])

    def groups(self, boundaries: Iterable[float] = ()) -> ScoreGroups:
        """Return all decisions, by score.

        Args:
            boundaries: thresholds that no group may lie on both sides of.

        Raises:
            OSError: see `append`.
        """
        with _told():
            found = self._database.execute("select count(*), max(score) from decisions")
            count, top = found.fetchone()
            return _grouped(self._by_score(), -(-count // GROUPS), sorted([*boundaries, top]))

    def _by_score(self) -> Iterator[tuple[float, ...]]:
        sums = ", ".join(f"total(c{column})" for column in range(COLUMNS))
        found = self._database.execute(
            f"select score, count(*), {sums} from decisions group by score order by score"
        )
        while rows := found.fetchmany(_READ):
            yield from rows

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._database.close()


def _grouped(rows: Iterable[tuple[float, ...]], size: int, boundaries: list[float]) -> ScoreGroups:
    """Return rows of ascending score in groups of at least `size` decisions, where that is not 1."""
    scores, decisions = array("d"), array("d")
    columns = [array("d") for _ in range(COLUMNS)]
    for score, count, *sums in rows:
        crossed = False
        while boundaries and boundaries[0] <= score:
            boundaries.pop(0)
            crossed = True
        if not scores or crossed or decisions[-1] >= size:
            scores.append(score)
            decisions.append(0.0)
            for column in columns:
                column.append(0.0)
        decisions[-1] += count
        for column, value in zip(columns, sums, strict=True):
            column[-1] += value
    return ScoreGroups(np.array(scores), np.array(decisions), np.array([np.array(c) for c in columns]))


@contextmanager
def _told() -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as error:
        raise OSError(
            f"the temporary table of the log's decisions can't be kept ({error}): free some space, or name "
            "another folder in SQLITE_TMPDIR."
        ) from error
