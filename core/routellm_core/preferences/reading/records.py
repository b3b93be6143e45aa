"""Records: rows of a JSON Lines or CSV file, plain or gzipped, each with its place for error messages."""

from __future__ import annotations

import csv
import gzip
import io
import json
import re
import zlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import IO, Any, NoReturn

_SHOWN = 100

_HALF_CHARACTER = re.compile(r"[\ud800-\udfff]")


class DataError(ValueError):
    """A data file that can't be read; the message names the file, the line, the field and the value."""


class RowError(DataError):
    """One row that can't be used, whatever the others are.

    Attributes:
        place: "file:line".
        reason: what is wrong, without place and value, so that equal faults can be counted together.
        row: the row's values, or its text where it could not be parsed.
    """

    def __init__(self, place: str, reason: str, message: str, row: Mapping[str, Any] | str) -> None:
        super().__init__(f"{place}: {message}")
        self.place = place
        self.reason = reason
        self.row = row


@dataclass(frozen=True)
class Record:
    """One row.

    Attributes:
        values: field -> value; from CSV every value is a str.
        place: "file:line".
    """

    values: Mapping[str, Any]
    place: str

    def text(self, field: str) -> str:
        """Return a field that must be a non-empty str."""
        return self.checked_text(field, self.values.get(field))

    def checked_text(self, field: str, value: object) -> str:
        """Return a value, found in a field, that must be a non-empty str."""
        if not isinstance(value, str) or not value:
            self.refuse(field, "text")
        if not value.isascii() and _HALF_CHARACTER.search(value):
            # JSON can write half of a surrogate pair; no file and no tokenizer takes it.
            self.refuse(field, "text without halves of characters")
        return value

    def refuse(self, field: str, expected: str) -> NoReturn:
        """Raise the error for a field that does not hold what was expected."""
        if field not in self.values:
            known = ", ".join(map(repr, self.values))
            message = f"field {field!r} is missing, expected {expected}; the row has {known}."
            raise RowError(self.place, f"{field}: missing", message, self.values)
        shown = repr(self.values[field])
        # A whole conversation is no message.
        shown = shown if len(shown) <= _SHOWN else f"{shown[:_SHOWN]}..."
        message = f"field {field!r} is {shown}, expected {expected}."
        raise RowError(self.place, f"{field}: not {expected}", message, self.values)


def open_text(path: str | PathLike[str]) -> IO[str]:
    """Open a plain or gzipped (".gz") UTF-8 text file for reading; a byte-order mark is skipped.

    Raises:
        DataError: there is no such file.
    """
    source = Path(path)
    if not source.is_file():
        raise DataError(f"{source} is not a file.")
    if source.suffix == ".gz":
        return io.TextIOWrapper(gzip.open(source, "rb"), encoding="utf-8-sig", newline="")
    return source.open(encoding="utf-8-sig", newline="")


def data_suffix(path: str | PathLike[str]) -> str:
    """Return the suffix that tells the format, ".gz" aside: ".csv", ".jsonl", ".txt" or whatever it is."""
    source = Path(path)
    return (Path(source.stem) if source.suffix == ".gz" else source).suffix.lower()


def read_records(path: str | PathLike[str]) -> Iterator[Record]:
    """Read rows: CSV with a header where the name says ".csv", else JSON Lines; blank lines are skipped.

    A ".json" file may also hold one JSON array of objects.

    Raises:
        DataError: the file is missing, damaged, not UTF-8, or a line is not a JSON object.
    """
    return _all_good(read_rows(path))


def read_rows(path: str | PathLike[str]) -> Iterator[Record | RowError]:
    """Read rows as `read_records` does, and yield what is wrong with a row instead of raising it.

    Raises:
        DataError: the file as a whole is missing, damaged or not UTF-8: what follows the damage is unknown.
    """
    last = str(path)
    with open_text(path) as stream:
        try:
            if data_suffix(path) == ".parquet":
                raise DataError(
                    f"{path} is Parquet: read it with pandas and give the frame, or save JSON Lines."
                )
            for row in _rows(stream, path):
                last = row.place
                yield row
        except UnicodeDecodeError as error:
            raise DataError(f"{path} can't be read ({error}): save it as UTF-8.") from error
        except (EOFError, OSError, csv.Error, zlib.error) as error:
            raise DataError(f"{path} can't be read ({error}); the last good row is {last}.") from error


def json_records(lines: Iterable[str], origin: str) -> Iterator[Record]:
    """Read JSON Lines: one object a line."""
    return _all_good(_json_rows(lines, origin))


def _all_good(rows: Iterable[Record | RowError]) -> Iterator[Record]:
    for row in rows:
        if isinstance(row, RowError):
            raise row
        yield row


def _rows(stream: IO[str], path: str | PathLike[str]) -> Iterator[Record | RowError]:
    suffix, origin = data_suffix(path), str(path)
    if suffix == ".csv":
        return _csv_rows(stream, origin)
    if suffix == ".json":
        text = stream.read()
        if text.lstrip().startswith("["):
            return _array_rows(text, origin)
        return _json_rows(io.StringIO(text, newline=""), origin)
    return _json_rows(stream, origin)


def _json_rows(lines: Iterable[str], origin: str) -> Iterator[Record | RowError]:
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        place = f"{origin}:{number}"
        try:
            values = json.loads(line)
        # Thousands of nested brackets are a RecursionError.
        except (ValueError, RecursionError) as error:
            yield RowError(place, "not JSON", f"not JSON ({error}).", line.rstrip("\r\n"))
            continue
        yield _record(values, place)


def _array_rows(text: str, origin: str) -> Iterator[Record | RowError]:
    try:
        rows = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise DataError(f"{origin}: not JSON ({error}).") from error
    for number, values in enumerate(rows, start=1):
        yield _record(values, f"{origin}: row {number}")


def _record(values: object, place: str) -> Record | RowError:
    if isinstance(values, dict):
        return Record(values, place)
    kind = f"a JSON {type(values).__name__}, expected an object"
    return RowError(place, "not a JSON object", f"{kind}.", json.dumps(values))


def _csv_rows(stream: IO[str], origin: str) -> Iterator[Record | RowError]:
    reader = csv.DictReader(stream)
    while (row := _next_row(reader)) is not None:
        place = f"{origin}:{reader.line_num}"
        if None in row or None in row.values():
            message = f"the row has not as many fields as the header, {reader.fieldnames}."
            yield RowError(place, "not as many fields as the header", message, _named(row))
        else:
            yield Record(row, place)


def _next_row(reader: csv.DictReader[str]) -> dict[Any, Any] | None:
    # A field may hold megabytes of prompt; the module's own limit is 128 KiB and global, so it is put back
    # before anybody else runs.
    before = csv.field_size_limit(2**31 - 1)
    try:
        return next(reader, None)
    finally:
        csv.field_size_limit(before)


def _named(row: Mapping[Any, Any]) -> dict[str, Any]:
    # DictReader keeps surplus fields under None, which is no key in JSON.
    return {"" if name is None else name: value for name, value in row.items()}
