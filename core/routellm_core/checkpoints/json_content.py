"""JSON content: parsed with bounds on its depth and number of values, because anyone may have written it."""

from __future__ import annotations

import json
from typing import Any

MOST_VALUES = 100_000


def parse_json(content: bytes | str, *, most_values: int | None = None) -> Any:
    """Return the value of a JSON text.

    Args:
        content: the text; bytes are UTF-8, UTF-16 or UTF-32.
        most_values: limit on the number of values, counted by commas and brackets; None for no limit.

    Raises:
        ValueError: it is not JSON, is nested too deeply, or holds too many values.
    """
    if most_values is not None and _values(content) > most_values:
        raise ValueError(f"it holds more than {most_values} values")
    try:
        return json.loads(content)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
    except MemoryError:
        raise ValueError("it is larger than memory holds") from None


def _values(content: bytes | str) -> int:
    # Those inside strings count too: too many rather than too few.
    if isinstance(content, str):
        return 1 + content.count(",") + content.count("[") + content.count("{")
    return 1 + content.count(b",") + content.count(b"[") + content.count(b"{")
