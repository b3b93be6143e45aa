"""Log reading: any source as logged calls, one at a time, with a report of how it was read."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, islice
from os import PathLike

from routellm_core.preferences.reading.decisions import Decisions
from routellm_core.preferences.reading.layouts import LAYOUTS, Layout
from routellm_core.preferences.reading.layouts.decision_log import log_files
from routellm_core.preferences.reading.logged_call import SERVED, SKIPPED, LoggedCall, RawCall
from routellm_core.preferences.reading.messages import Message
from routellm_core.preferences.reading.options import NO_OPTIONS, ReadingOptions
from routellm_core.preferences.reading.reading_report import ReadingReport
from routellm_core.preferences.reading.records import DataError, Record, RowError, listed_fields
from routellm_core.preferences.reading.rows import TEXT_FIELD, opened_rows

_SAMPLE = 50
"""Rows from which the layout of a source is detected."""

_WHY = {
    SKIPPED["not kept"]: "the call's text was not kept: log with log_text=True.",
    SKIPPED["later version"]: "the row is of a later version: upgrade routellm-plugins.",
}

Rows = Iterable[Record | RowError]


class LogReader:
    """Reads sources as one log; after the last call, `report` says what was read."""

    def __init__(self, paths: Sequence[str | PathLike[str]], options: ReadingOptions = NO_OPTIONS) -> None:
        """Store what to read; nothing is opened yet.

        Args:
            paths: files, pipes, or "-" for standard input.
            options: how to read them.
        """
        self.paths = tuple(file for path in paths for file in log_files(path))
        self.options = options
        self.report = ReadingReport()
        self._decisions = Decisions()
        self._first_fault: RowError | None = None

    def calls(self) -> Iterator[LoggedCall]:
        """Yield every call on which the router would have decided, in the log's order.

        Raises:
            DataError: a source can't be read, has no known layout, or holds no call at all; with strict
                options, also the first row that can't be used.
        """
        yield from (call for call in self.all_calls() if call.kind in SERVED)

    def all_calls(self) -> Iterator[LoggedCall]:
        """Yield every call, including those not for a person's question; see `calls`."""
        layouts: dict[type[Layout], Layout] = {}
        for path in self.paths:
            with opened_rows(path, self.options) as source:
                rows = iter(source.rows)
                head = list(islice(rows, _SAMPLE))
                kind = self._layout(head, path, source.plain)
                layout = layouts.setdefault(kind, kind())
                title = "" if source.plain else layout.title
                self.report.began(str(path), title, source.container)
                for row in chain(head, rows):
                    yield from self._of_row(layout, row, source.plain)
        for layout in layouts.values():
            for raw in layout.rest():
                yield from self._logged(raw, Record({}, str(self.paths[-1])))
        self.report.decisions = self._decisions.count
        if not self._decisions.count:
            raise DataError(self._nothing())

    def _of_row(self, layout: Layout, row: Record | RowError, plain: bool) -> Iterator[LoggedCall]:
        self.report.rows += 1
        if isinstance(row, RowError):
            self._refused(row)
            return
        try:
            found = list(layout.calls(row.values)) if not plain else [_plain(row)]
        except (RecursionError, OverflowError) as error:
            self._refused(RowError(row.place, "nested too deeply", f"can't be read ({error}).", row.values))
            return
        for raw in found:
            yield from self._logged(raw, row)

    def _logged(self, raw: RawCall, row: Record) -> Iterator[LoggedCall]:
        call = self._decisions.logged(raw, row.place)
        self.report.calls[call.kind] += 1
        if call.kind in SKIPPED:
            reason = SKIPPED[call.kind]
            if self.options.strict or self._first_fault is None:
                self._refused(_unusable(row, reason), counted=False)
            return
        if raw.impossible:
            self.report.impossible += 1
            self.report.impossible_example = (
                self.report.impossible_example or f"{row.place}: {raw.impossible}"
            )
            if self.options.strict:
                raise RowError(
                    row.place, "impossible tokens", f"{raw.impossible}, which is impossible.", row.values
                )
        yield call

    def _refused(self, error: RowError, *, counted: bool = True) -> None:
        if self.options.strict:
            raise error
        self._first_fault = self._first_fault or error
        if counted:
            self.report.refused[error.reason] += 1

    def _layout(
        self, head: Sequence[Record | RowError], path: str | PathLike[str], plain: bool
    ) -> type[Layout]:
        records = [row for row in head if isinstance(row, Record)]
        if plain:
            return LAYOUTS[-1]
        if self.options.layout is not None:
            return next(layout for layout in LAYOUTS if layout.name == self.options.layout)
        if not records:
            fault = next((row for row in head if isinstance(row, RowError)), None)
            why = "." if fault is None else f"; the first row: {fault}"
            raise DataError(f"{path} holds no row that can be read{why}")
        found = Counter(kind for record in records if (kind := matching_layout(record)) is not None)
        if not found:
            raise DataError(unknown_layout(path, records[0]))
        return found.most_common(1)[0][0]

    def _nothing(self) -> str:
        names = ", ".join(map(str, self.paths))
        told = self.report.sentence() if self.report.rows else "it is empty"
        fault = (
            "" if self._first_fault is None else f" The first row that could not be used: {self._first_fault}"
        )
        return f"{names} holds no prompt: {told}.{fault}"


def _plain(row: Record) -> RawCall:
    # A line is a prompt, even if it looks like JSON.
    return RawCall(messages=[Message("user", str(row.values[TEXT_FIELD]))])


def matching_layout(record: Record) -> type[Layout] | None:
    """Return the layout of a row; None if no layout fits."""
    return next((layout for layout in LAYOUTS if layout().matches(record.values)), None)


def unknown_layout(path: str | PathLike[str], record: Record) -> str:
    """Return the message for a row that fits no layout."""
    return (
        f"{path}: no known prompt field in {record.place}, which has {listed_fields(record.values)}. "
        "Name it with --field prompt=THEIRS, or give the layout with --format."
    )


def _unusable(row: Record, reason: str) -> RowError:
    return RowError(
        row.place, reason, _WHY.get(reason, f"the row is {reason}: it holds no text by a person."), row.values
    )
