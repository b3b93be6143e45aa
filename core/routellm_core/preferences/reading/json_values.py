"""JSON values: objects of JSON Lines, of an array or of a whole document, one at a time."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import IO, Any, Literal

from routellm_core.preferences.reading.records import DataError, Record, RowError

JsonKind = Literal["jsonl", "json"]

LONGEST_VALUE = 1 << 29
"""Most characters of a row, or of a document that holds all rows."""

_CHUNK = 1 << 16

# Keys under which APIs and exporters return their rows.
_WRAPPERS = (
    "data",
    "runs",
    "observations",
    "rows",
    "traces",
    "items",
    "records",
    "results",
    "examples",
    "logs",
)

_MOST_WRAPPER_KEYS = 6


def json_kind(head: str, suffix: str) -> JsonKind | None:
    """Detect JSON Lines or a JSON document by the beginning of a text; None if it is neither.

    Args:
        head: the first characters of the text.
        suffix: of the file's name; a hint if the text is ambiguous.
    """
    lines = [line for line in head.lstrip("\ufeff \t\r\n").splitlines() if line.strip()]
    if not lines or lines[0].lstrip()[0] not in "{[":
        return None
    first, several = lines[0].strip(), len(lines) > 1
    try:
        value = json.loads(first)
    except (ValueError, RecursionError):
        if first.startswith("{") and several and _is_json(lines[1], "{"):
            return "jsonl"  # its first row is damaged
        if not several and first.startswith("{") and len(head) >= _CHUNK // 4:
            return "jsonl"  # its first line is longer than the head
        return "json" if _begins_a_document(first, suffix) else None
    if isinstance(value, dict):
        return "jsonl"
    rows = bool(value) and all(isinstance(row, dict) for row in value)
    if several and _is_json(lines[1], "[") and rows:
        return "jsonl"  # a list of messages a line
    return "json" if suffix in (".json", ".jsonl", ".ndjson") or rows or not value else None


def json_line_rows(lines: Iterable[str], origin: str) -> Iterator[Record | RowError]:
    """Yield a row per line, skipping blank ones; a line that is not an object is an error of that row."""
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        place = f"{origin}:{number}"
        try:
            value = json.loads(line.lstrip("\ufeff"))
        # Thousands of nested brackets are a RecursionError.
        except (ValueError, RecursionError) as error:
            yield RowError(place, "not JSON", f"not JSON ({error}).", line.rstrip("\r\n"))
            continue
        wrapped = wrapped_rows(value)
        if wrapped is None:
            yield _row(value, place)
        else:
            for position, row in enumerate(wrapped, start=1):
                yield _row(row, f"{place}: row {position}")


def json_document_rows(stream: IO[str], origin: str) -> Iterator[Record | RowError]:
    """Yield a row per object, and per element of the arrays, in a text of consecutive JSON values.

    Raises:
        DataError: the text is damaged; names the last good row, since what follows the damage is unknown.
    """
    number = 0
    for value in _values(stream, origin):
        wrapped = wrapped_rows(value)
        for row in (value,) if wrapped is None else wrapped:
            number += 1
            yield _row(row, f"{origin}: row {number}")


def wrapped_rows(value: object) -> list[Any] | None:
    """Return the rows inside an object such as `{"data": [...]}`; None if it is a row itself."""
    if not isinstance(value, dict) or len(value) > _MOST_WRAPPER_KEYS:
        return None
    for key in _WRAPPERS:
        rows = value.get(key)
        if isinstance(rows, list) and rows and all(isinstance(row, dict) for row in rows):
            return rows
    return None


def _values(stream: IO[str], origin: str) -> Iterator[Any]:
    decoder = json.JSONDecoder()
    text, position, chunk, ended, inside, read = "", 0, _CHUNK, False, False, 0
    while True:
        while position < len(text) and (
            text[position] in " \t\r\n\ufeff" or (inside and text[position] == ",")
        ):
            position += 1
        if position < len(text):
            if text[position] == "[" and not inside:
                inside, position = True, position + 1
                continue
            if text[position] == "]" and inside:
                inside, position = False, position + 1
                continue
            try:
                value, end = decoder.raw_decode(text, position)
            except RecursionError as error:
                raise DataError(f"{origin}: not JSON after row {read} ({error}).") from error
            except ValueError as error:
                # The rest of it may not be read yet.
                if ended:
                    raise DataError(f"{origin}: not JSON after row {read} ({error}).") from error
            else:
                # A number at the end may continue.
                if ended or end < len(text):
                    read += 1
                    chunk = _CHUNK
                    yield value
                    position = end
                    continue
        elif ended:
            break
        if len(text) - position > LONGEST_VALUE:
            raise DataError(f"{origin}: a value after row {read} has more than {LONGEST_VALUE} characters.")
        more = stream.read(chunk)
        chunk *= 2
        ended = not more
        text, position = text[position:] + more, 0
    if inside:
        raise DataError(f"{origin}: the JSON array has no end: it was cut off after row {read}.")


def _row(value: object, place: str) -> Record | RowError:
    if isinstance(value, dict):
        return Record(value, place)
    if isinstance(value, list) and value and all(isinstance(turn, dict) for turn in value):
        return Record({"messages": value}, place)
    message = f"the row is {json_name(value)}, expected an object."
    return RowError(place, "not a JSON object", message, json.dumps(value))


def json_name(value: object) -> str:
    """Return what JSON calls a value, with an article."""
    match value:
        case None:
            return "null"
        case bool():
            return "a JSON boolean"
        case str():
            return "a JSON string"
        case list():
            return "a JSON array"
        case dict():
            return "a JSON object"
    return "a JSON number"


def _is_json(line: str, start: str) -> bool:
    try:
        return line.lstrip().startswith(start) and json.loads(line) is not None
    except (ValueError, RecursionError):
        return False


def _begins_a_document(line: str, suffix: str) -> bool:
    # "[INST]" and "{name}" begin plain lines of text; the next character distinguishes them from JSON.
    after = line[1:].lstrip()[:1]
    if suffix in (".json", ".jsonl", ".ndjson"):
        return True
    return after in ('"', "") or (line[0] == "[" and after in "{[") or (line[0] == "{" and after == "}")
