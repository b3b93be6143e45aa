"""Rows: every kind of file, pipe and standard input as records, one at a time, and how it was read."""

from __future__ import annotations

import csv
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from os import PathLike

from routellm_core.preferences.reading.binary_tables import excel_rows, parquet_rows, sqlite_rows
from routellm_core.preferences.reading.delimited import delimited_rows, guessed_delimiter, header
from routellm_core.preferences.reading.field_names import KNOWN_COLUMNS, plain_name
from routellm_core.preferences.reading.json_values import json_document_rows, json_kind, json_line_rows
from routellm_core.preferences.reading.options import NO_OPTIONS, ReadingOptions
from routellm_core.preferences.reading.records import DataError, Record, RowError
from routellm_core.preferences.reading.source import Source, decoding_message, opened

TEXT_FIELD = "prompt"
"""The field that holds a line of plain text."""

_DELIMITER_NAMES = {"\t": "tabs", ",": "commas", ";": "semicolons", "|": "bars"}

_TABLE_SUFFIXES = (".csv", ".tsv", ".tab")

_JSON_SUFFIXES = (".json", ".jsonl", ".ndjson")


@dataclass(frozen=True)
class Rows:
    """The rows of one source.

    Attributes:
        container: how they are read, such as "CSV with semicolons".
        plain: whether each row is a line of plain text.
        rows: the records, with an error in place of each unusable row.
    """

    container: str
    plain: bool
    rows: Iterator[Record | RowError]


@contextmanager
def opened_rows(path: str | PathLike[str], options: ReadingOptions = NO_OPTIONS) -> Iterator[Rows]:
    """Open a source and detect its kind; "-" is standard input.

    Raises:
        DataError: the source is missing, damaged, or of a kind that can't be read; also while rows are read.
    """
    with opened(path, options.encoding) as source:
        container = options.container or _container(source, options)
        if container == "text":
            yield Rows("plain lines of text", True, _guarded(_text_rows(source), source))
            return
        rows, words = _of_container(source, container, options)
        renamed = _renamed(rows, options, source.origin) if options.fields else rows
        yield Rows(words, False, _guarded(renamed, source))


def read_rows(path: str | PathLike[str], options: ReadingOptions = NO_OPTIONS) -> Iterator[Record | RowError]:
    """Read rows, and yield a row's error instead of raising it.

    Raises:
        DataError: the source as a whole is missing, damaged or plain text.
    """
    with opened_rows(path, options) as opened_source:
        if opened_source.plain:
            raise DataError(plain_text_message(path))
        yield from opened_source.rows


def read_records(path: str | PathLike[str], options: ReadingOptions = NO_OPTIONS) -> Iterator[Record]:
    """Read rows strictly: the first unusable one is an error.

    Raises:
        DataError: as `read_rows`, or a row is damaged.
    """
    for row in read_rows(path, options):
        if isinstance(row, RowError):
            raise row
        yield row


def plain_text_message(path: str | PathLike[str]) -> str:
    """Return the message for plain text when rows are expected."""
    return (
        f"{path} is plain text, expected rows: JSON Lines, a JSON array, CSV, .xlsx or Parquet. If it is "
        "one of these, give --format."
    )


def _container(source: Source, options: ReadingOptions) -> str:
    if source.kind != "text":
        return source.kind
    if options.delimiter is not None:
        return "csv"
    if not source.head.strip():
        return {".csv": "csv", ".tsv": "tsv"}.get(
            source.suffix, "jsonl" if source.suffix in _JSON_SUFFIXES else "text"
        )
    kind = json_kind(source.head, source.suffix)
    if kind is not None:
        return kind
    if source.suffix in _JSON_SUFFIXES:
        return "jsonl"
    if source.suffix in _TABLE_SUFFIXES:
        return "csv"
    # Naming fields implies rows.
    return "csv" if options.fields or _is_table(source.head) else "text"


def _is_table(head: str) -> bool:
    # Unless its name says so, a table is recognized by a header with at least one known column.
    names = [plain_name(name) for name in header(head, guessed_delimiter(head, ""))]
    known = len(names) > 1 and any(name in KNOWN_COLUMNS for name in names)
    return known or names in (["prompt"], ["question"])


def _of_container(
    source: Source, container: str, options: ReadingOptions
) -> tuple[Iterator[Record | RowError], str]:
    if container == "parquet":
        return parquet_rows(source), "Parquet"
    if container == "xlsx":
        return excel_rows(source), "an Excel sheet"
    if container == "sqlite":
        return sqlite_rows(source), "SQLite"
    if source.kind != "text":
        raise DataError(f"{source.origin} is {source.kind}, and --format says {container}.")
    if container == "json":
        return json_document_rows(source.text(), source.origin), "JSON"
    if container == "jsonl":
        return json_line_rows(source.text(), source.origin), "JSON Lines"
    suffix = ".tsv" if container == "tsv" else source.suffix
    delimiter = options.delimiter or guessed_delimiter(source.head, suffix)
    words = f"CSV with {_DELIMITER_NAMES.get(delimiter, repr(delimiter))}"
    # A comma can't be a decimal mark if it separates the fields; other tables write 0,5.
    decimal = options.decimal or ("." if delimiter == "," else ",")
    return delimited_rows(source.text(), source.origin, delimiter, decimal, source.head), words


def _text_rows(source: Source) -> Iterator[Record | RowError]:
    for number, line in enumerate(source.text(), start=1):
        text = line.strip().lstrip("\ufeff")
        if text:
            yield Record({TEXT_FIELD: text}, f"{source.origin}:{number}")


def _renamed(
    rows: Iterator[Record | RowError], options: ReadingOptions, origin: str
) -> Iterator[Record | RowError]:
    theirs = {theirs: known for known, theirs in options.fields.items()}
    seen: set[str] = set()
    first: Record | None = None
    for row in rows:
        if isinstance(row, RowError):
            yield row
            continue
        first = first or row
        seen.update(name for name in theirs if name in row.values)
        # A field named by the user beats one that happens to have the name.
        kept = {name: value for name, value in row.values.items() if name not in options.fields}
        values = {theirs.get(name, name): value for name, value in {**kept, **_picked(row, theirs)}.items()}
        yield Record(values, row.place, row.decimal)
    for name in theirs:
        if first is not None and name not in seen:
            raise DataError(
                f"{origin} has no field {name!r}, which --field names; its first row has "
                f"{', '.join(map(repr, first.values))}."
            )


def _picked(row: Record, theirs: dict[str, str]) -> dict[str, object]:
    return {name: row.values[name] for name in theirs if name in row.values}


def _guarded(rows: Iterator[Record | RowError], source: Source) -> Iterator[Record | RowError]:
    last = "none"
    try:
        for row in rows:
            last = row.place
            yield row
    except UnicodeDecodeError as error:
        message = decoding_message(source.origin, error)
        raise DataError(f"{message} The last good row is {last}.") from error
    except (EOFError, OSError, csv.Error, zlib.error) as error:
        raise DataError(f"{source.origin} can't be read ({error}); the last good row is {last}.") from error
    except MemoryError as error:
        raise DataError(
            f"{source.origin}: a row after {last} is too large for this machine's memory."
        ) from error
