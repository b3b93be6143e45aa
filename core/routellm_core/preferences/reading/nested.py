"""Nested values: the value at a path in a log's row, whether JSON or JSON in a string."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

_EMPTY: Mapping[str, object] = {}

_EARLIEST, _LATEST = 978_307_200.0, 4_102_444_800.0
"""The beginnings of 2001 and 2100, in seconds since 1970."""


def unpacked(value: object) -> object:
    """Return the value of a JSON string; anything else unchanged."""
    if isinstance(value, str) and value[:1] in ("{", "["):
        return _loaded(value, value)
    if isinstance(value, str) and value[:1].isspace() and value.lstrip()[:1] in ("{", "["):
        return _loaded(value, value)
    return value


def mapping(value: object) -> Mapping[str, object]:
    """Return an object, or one written as a string; an empty one otherwise."""
    found = unpacked(value)
    return found if isinstance(found, Mapping) else _EMPTY


def at(values: object, path: str) -> object:
    """Return the value at "a.b.0.c"; None if missing."""
    found: object = values
    for part in path.split("."):
        found = unpacked(found)
        if isinstance(found, Mapping):
            found = found.get(part)
        elif isinstance(found, Sequence) and not isinstance(found, str) and part.isdigit():
            found = found[int(part)] if int(part) < len(found) else None
        else:
            return None
    return found


def first(values: object, *paths: str) -> object:
    """Return the first value found at one of the paths; None if there is none."""
    for path in paths:
        found = at(values, path)
        if found not in (None, "", [], {}):
            return found
    return None


def word(value: object) -> str | None:
    """Return a name or an id as text; None for anything else, including ""."""
    if isinstance(value, str):
        return value.strip() or None
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else None


def seconds(value: object) -> float | None:
    """Return a time as seconds since 1970; None if it is not a time.

    Numbers are read as seconds, milliseconds, microseconds or nanoseconds by their size; text without a
    time zone as UTC. A time before 2001 or after 2100 is that of no call of a language model.
    """
    found = _seconds(value)
    return found if found is not None and _EARLIEST <= found <= _LATEST else None


def _seconds(value: object) -> float | None:
    if isinstance(value, datetime):
        return value.timestamp() if value.tzinfo else value.replace(tzinfo=UTC).timestamp()
    if isinstance(value, str):
        text = value.strip()
        try:
            number = float(text)
        except ValueError:
            return _seconds_of_text(text)
    elif isinstance(value, int | float) and not isinstance(value, bool):
        number = float(value)
    else:
        return None
    if not math.isfinite(number) or number <= 0:
        return None
    for _ in range(3):
        if number > 1e11:  # the year 5138 in seconds
            number /= 1000
    return number


def _seconds_of_text(text: str) -> float | None:
    try:
        parsed = datetime.fromisoformat(text.removesuffix(" UTC"))
    except ValueError:
        return None
    return parsed.timestamp() if parsed.tzinfo else parsed.replace(tzinfo=UTC).timestamp()


def _loaded(text: str, otherwise: object) -> object:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return otherwise
