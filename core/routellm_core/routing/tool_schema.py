"""Tool schema: whether a tool call's arguments certainly break the schema of its tool.

Checks only what needs no full validator: known and required names, plain types and enumerations, one level
deep. Anything else in a schema is ignored.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

_TYPES: dict[str, Callable[[Any], bool]] = {
    "string": lambda value: isinstance(value, str),
    "integer": lambda value: (
        isinstance(value, int | float) and not isinstance(value, bool) and float(value).is_integer()
    ),
    "number": lambda value: isinstance(value, int | float) and not isinstance(value, bool),
    "boolean": lambda value: isinstance(value, bool),
    "array": lambda value: isinstance(value, list | tuple),
    "object": lambda value: isinstance(value, Mapping),
    "null": lambda value: value is None,
}


def breaks_schema(arguments: Any, schema: Mapping[str, Any]) -> bool:
    """Return whether arguments certainly break a JSON Schema of an object."""
    if not isinstance(arguments, Mapping):
        return True
    required, known = schema.get("required"), schema.get("properties")
    if isinstance(required, list) and not set(required) <= set(arguments):
        return True
    if not isinstance(known, Mapping):
        return False
    if schema.get("additionalProperties") is False and not set(arguments) <= set(known):
        return True
    return any(_breaks(arguments[name], rule) for name, rule in known.items() if name in arguments)


def _breaks(value: Any, rule: Any) -> bool:
    if not isinstance(rule, Mapping):
        return False
    kinds = rule.get("type")
    named = [kinds] if isinstance(kinds, str) else kinds if isinstance(kinds, list) else []
    checks = [_TYPES[kind] for kind in named if kind in _TYPES]
    if checks and len(checks) == len(named) and not any(check(value) for check in checks):
        return True
    choices = rule.get("enum")
    return isinstance(choices, list) and value not in choices
