"""The checks OpenAI makes on single fields, with its words."""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Any, NoReturn

from examples.stand_in.refusal import Refusal

_ID = re.compile(r"[a-zA-Z0-9_-]{1,64}\Z")
_KINDS: dict[type, str] = {
    str: "a string",
    int: "an integer",
    float: "a decimal",
    bool: "a boolean",
    list: "an array",
    dict: "an object",
    type(None): "null",
}


def invalid(message: str, param: str | None, code: str | None = "invalid_value") -> NoReturn:
    """Refuse with status 400."""
    raise Refusal(400, message, param=param, code=code)


def check_fields(value: dict[str, Any], allowed: Collection[str], path: str = "") -> None:
    """Refuse fields the API does not know."""
    for name in value:
        if name not in allowed:
            full = f"{path}.{name}" if path else name
            invalid(f"Unknown parameter: '{full}'.", full, "unknown_parameter")


def check_type(value: Any, kinds: tuple[type, ...], path: str) -> None:
    """Refuse a value of another type. A boolean is not a number."""
    if type(value) in kinds or (float in kinds and type(value) is int):
        return
    wanted = " or ".join(_KINDS[kind] for kind in kinds)
    got = _KINDS.get(type(value), "an unknown value")
    invalid(f"Invalid type for '{path}': expected {wanted}, but got {got} instead.", path, "invalid_type")


def required(value: dict[str, Any], name: str, path: str = "") -> Any:
    """The field's value; a missing field is refused."""
    full = f"{path}.{name}" if path else name
    if name not in value:
        invalid(f"Missing required parameter: '{full}'.", full, "missing_required_parameter")
    return value[name]


def check_choice(value: Any, allowed: Collection[str], path: str) -> None:
    """Refuse a value that is none of the allowed ones."""
    if not isinstance(value, str) or value not in allowed:
        supported = ", ".join(f"'{each}'" for each in allowed)
        invalid(f"Invalid value: '{value}'. Supported values are: {supported}.", path)


def check_id(value: Any, path: str) -> None:
    """Refuse ids and names that are not 1 to 64 letters, digits, underscores and dashes."""
    check_type(value, (str,), path)
    if not _ID.match(value):
        pattern = "^[a-zA-Z0-9_-]{1,64}$"
        text = f"Invalid '{path}': string does not match pattern. Expected a string that matches the pattern"
        invalid(f"{text} '{pattern}'.", path)
