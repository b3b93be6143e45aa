"""Delimited text: rows of CSV and TSV files, with any delimiter."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import IO, Any

from routellm_core.preferences.reading.records import DataError, Record, RowError

DELIMITERS = (",", ";", "\t", "|")

_SHOWN_ROWS = 20

_SEPARATOR_LINE = re.compile(r"sep=(.)\r?\n?", re.IGNORECASE)

_LARGEST_FIELD = 2**31 - 1


def guessed_delimiter(head: str, suffix: str) -> str:
    """Return the delimiter that gives a table's first rows the most columns, equally many in each."""
    if named := _SEPARATOR_LINE.match(head):
        return named[1]
    best, found = (0.0, 0), "\t" if suffix == ".tsv" else ","
    for delimiter in DELIMITERS:
        widths = [len(row) for row in _head_rows(head, delimiter)]
        if not widths or widths[0] < 2:
            continue
        alike = sum(width == widths[0] for width in widths) / len(widths)
        if (alike, widths[0]) > best:
            best, found = (alike, widths[0]), delimiter
    return found


def header(head: str, delimiter: str) -> list[str]:
    """Return the column names from the beginning of a table."""
    named = _SEPARATOR_LINE.match(head)
    rows = _head_rows(head[named.end() :] if named else head, delimiter)
    return [name.strip() for name in rows[0]] if rows else []


def delimited_rows(
    stream: IO[str], origin: str, delimiter: str, decimal: str, head: str
) -> Iterator[Record | RowError]:
    """Yield the rows of a table with a header.

    Args:
        stream: the text, from its start.
        origin: the source's name in messages.
        delimiter: between the fields.
        decimal: the mark in its numbers.
        head: the beginning of the text.

    Raises:
        DataError: two columns have one name.
    """
    skipped = 0
    if _SEPARATOR_LINE.match(head):
        stream.readline()
        skipped = 1
    reader = csv.reader(stream, delimiter=delimiter)
    names: list[str] = []
    while (row := _next_row(reader)) is not None:
        if not any(row):
            continue
        if not names:
            names = [name.strip().lstrip("\ufeff") for name in row]
            _check_names(names, origin)
            continue
        place = f"{origin}:{reader.line_num + skipped}"
        if len(row) == len(names):
            # Spreadsheets export empty columns, which have no name.
            values = {name: value for name, value in zip(names, row, strict=True) if name or value}
            yield Record(values, place, decimal)
        else:
            named = ", ".join(map(repr, names))
            message = (
                f"the row has {len(row)} field{'' if len(row) == 1 else 's'} and the header {len(names)}, "
                f"{named}: is a quote left open, or is --delimiter another one?"
            )
            yield RowError(place, "with more or fewer fields than the header", message, _named(names, row))


def _head_rows(head: str, delimiter: str) -> list[list[str]]:
    # The last line may be cut off; a field may be quoted over several lines.
    lines = head.splitlines(keepends=True)
    complete = lines[:-1] if len(lines) > 1 and not lines[-1].endswith(("\n", "\r")) else lines
    reader = csv.reader(complete, delimiter=delimiter)
    rows: list[list[str]] = []
    try:
        while len(rows) < _SHOWN_ROWS and (row := _next_row(reader)) is not None:
            if any(row):
                rows.append(row)
    except csv.Error:
        pass
    return rows


def _next_row(reader: Any) -> list[str] | None:
    # A field may hold megabytes of prompt; the module's own limit is 128 KiB and global, so it is restored
    # before other code runs.
    before = csv.field_size_limit(_LARGEST_FIELD)
    try:
        return next(reader, None)
    finally:
        csv.field_size_limit(before)


def _check_names(names: Sequence[str], origin: str) -> None:
    twice = sorted({name for name in names if name and names.count(name) > 1})
    if twice:
        raise DataError(f"{origin}: two columns are named {twice[0]!r}: rename one of them.")


def _named(names: Sequence[str], row: Sequence[str]) -> dict[str, Any]:
    named: dict[str, Any] = dict(zip(names, row, strict=False))
    surplus = list(islice(row, len(names), None))
    return {**named, "": surplus} if surplus else named
