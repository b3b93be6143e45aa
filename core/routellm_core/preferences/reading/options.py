"""ReadingOptions: how to read a file, if guessing is not enough."""

from __future__ import annotations

import codecs
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

CONTAINERS = ("json", "jsonl", "csv", "tsv", "text", "xlsx", "parquet", "sqlite")
"""Kinds of files, whatever their rows mean."""

DELIMITERS = {"tab": "\t", "\\t": "\t", "comma": ",", "semicolon": ";", "pipe": "|"}
"""Words that are easier to type in a shell than the characters themselves."""


@dataclass(frozen=True)
class ReadingOptions:
    """How to read a file; None is guessed from its content, and the guess is reported.

    Attributes:
        container: one of `CONTAINERS`.
        layout: the name of a layout, such as "langfuse"; see `layouts.LAYOUTS`.
        fields: known field -> the file's name for it, such as {"prompt": "question"}.
        delimiter: one character between the fields of a CSV file.
        decimal: "." or ",", the decimal mark of numbers in a table.
        encoding: of text, such as "windows-1252".
        strict: whether an unusable row is an error instead of being skipped and counted.

    Raises:
        ValueError: a value is invalid; the message names it.
    """

    container: str | None = None
    layout: str | None = None
    fields: Mapping[str, str] = field(default_factory=dict)
    delimiter: str | None = None
    decimal: str | None = None
    encoding: str | None = None
    strict: bool = False

    def __post_init__(self) -> None:
        if self.container is not None and self.container not in CONTAINERS:
            raise ValueError(f"container is {self.container!r}, expected one of {', '.join(CONTAINERS)}.")
        if self.delimiter is not None:
            object.__setattr__(self, "delimiter", DELIMITERS.get(self.delimiter, self.delimiter))
            if len(self.delimiter) != 1 or self.delimiter in '"\r\n':
                raise ValueError(
                    f"delimiter is {self.delimiter!r}, expected one character or one of "
                    f"{', '.join(map(repr, DELIMITERS))}."
                )
        if self.decimal not in (None, ".", ","):
            raise ValueError(f"decimal is {self.decimal!r}, expected '.' or ','.")
        if self.encoding is not None:
            try:
                codecs.lookup(self.encoding)
            except LookupError:
                raise ValueError(
                    f"encoding is {self.encoding!r}, expected a name such as utf-8, utf-16 or windows-1252."
                ) from None


NO_OPTIONS = ReadingOptions()


def parsed_fields(words: Iterable[str]) -> dict[str, str]:
    """Return `{"prompt": "question"}` of `["prompt=question"]`.

    Raises:
        ValueError: an item lacks "=", or a side of it is empty.
    """
    fields = {}
    for word in words:
        known, equals, theirs = word.partition("=")
        if not (known and equals and theirs):
            raise ValueError(f"--field {word!r}: expected NAME=THEIRS, such as prompt=question.")
        fields[known] = theirs
    return fields
