"""Records: rows of a JSON Lines or CSV file, plain or gzipped, each with its place for error messages."""

from __future__ import annotations

import csv
import gzip
import io
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import IO, Any, NoReturn


class DataError(ValueError):
    """A data file that can't be read; the message names the file, the line, the field and the value."""


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
        value = self.values.get(field)
        if not isinstance(value, str) or not value:
            self.refuse(field, "text")
        return value

    def refuse(self, field: str, expected: str) -> NoReturn:
        """Raise the error for a field that does not hold what was expected."""
        if field not in self.values:
            known = ", ".join(map(repr, self.values))
            raise DataError(
                f"{self.place}: field {field!r} is missing, expected {expected}; the row has {known}."
            )
        raise DataError(f"{self.place}: field {field!r} is {self.values[field]!r}, expected {expected}.")


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

    Raises:
        DataError: the file is missing, damaged, not UTF-8, or a line is not a JSON object.
    """
    with open_text(path) as stream:
        try:
            if data_suffix(path) == ".csv":
                yield from _csv_records(stream, str(path))
            else:
                yield from json_records(stream, str(path))
        except (UnicodeDecodeError, EOFError, OSError, csv.Error) as error:
            raise DataError(f"{path} can't be read ({error}).") from error


def json_records(lines: IO[str] | Iterator[str], origin: str) -> Iterator[Record]:
    """Read JSON Lines: one object a line."""
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        place = f"{origin}:{number}"
        try:
            values = json.loads(line)
        except ValueError as error:
            raise DataError(f"{place}: not JSON ({error}).") from error
        if not isinstance(values, dict):
            raise DataError(f"{place}: a JSON {type(values).__name__}, expected an object.")
        yield Record(values, place)


def _csv_records(stream: IO[str], origin: str) -> Iterator[Record]:
    # A field may hold megabytes of prompt; the module's own limit is 128 KiB and global, so it is put back.
    before = csv.field_size_limit(2**31 - 1)
    try:
        reader = csv.DictReader(stream)
        for row in reader:
            place = f"{origin}:{reader.line_num}"
            if None in row or None in row.values():
                raise DataError(
                    f"{place}: the row has not as many fields as the header, {reader.fieldnames}."
                )
            yield Record(row, place)
    finally:
        csv.field_size_limit(before)
