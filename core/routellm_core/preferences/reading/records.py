"""Record: one row of a file, with its place for error messages, and the errors of rows and files."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any, NoReturn

_SHOWN = 100
_MOST_FIELDS = 12

_HALF_CHARACTER = re.compile(r"[\ud800-\udfff]")


class DataError(ValueError):
    """A data file that can't be read; the message names the file, the line, the field and the value."""


class RowError(DataError):
    """One row can't be used; the others may be fine.

    Attributes:
        place: "file:line".
        reason: what is wrong, without place and value, so that equal faults can be counted together.
        row: the row's values, or its text if it could not be parsed.
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
        place: "file:line", or "file: row N" if lines are not rows.
        decimal: the decimal mark of numbers that are written as text.
    """

    values: Mapping[str, Any]
    place: str
    decimal: str = "."

    def number(self, text: str) -> float:
        """Return the number written in a text of this row.

        Raises:
            ValueError: it is not a number.
        """
        plain = text.strip().replace("\u00a0", "")
        if self.decimal == "," and "," in plain:
            plain = plain.replace(".", "").replace(",", ".")
        return float(plain)

    def text(self, field: str) -> str:
        """Return a field that must be a non-empty str."""
        return self.checked_text(field, self.values.get(field))

    def checked_text(self, field: str, value: object) -> str:
        """Return a value, found in a field, that must be a non-empty str."""
        if not isinstance(value, str) or not value:
            self.refuse(field, "text")
        if not value.isascii() and _HALF_CHARACTER.search(value):
            # JSON can hold half of a surrogate pair, which no file and no tokenizer accepts.
            self.refuse(field, "text without lone surrogates")
        return value

    def refuse(self, field: str, expected: str) -> NoReturn:
        """Raise the error for a field that does not hold what was expected."""
        if field not in self.values:
            known = listed_fields(self.values)
            message = f"field {field!r} is missing, expected {expected}; the row has {known}."
            raise RowError(self.place, f"{field}: missing", message, self.values)
        message = f"field {field!r} is {shortened(self.values[field])}, expected {expected}."
        raise RowError(self.place, f"{field}: not {expected}", message, self.values)


def shortened(value: object) -> str:
    """Return a value as an error shows it: a whole conversation is too long for a message."""
    shown = repr(value)
    return shown if len(shown) <= _SHOWN else f"{shown[:_SHOWN]}..."


def listed_fields(values: Mapping[str, Any]) -> str:
    """Return the first fields of a row as an error names them."""
    named = ", ".join(map(repr, islice(values, _MOST_FIELDS)))
    return f"{named}{', ...' if len(values) > _MOST_FIELDS else ''}" if values else "no field"
