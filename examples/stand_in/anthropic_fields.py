"""The checks Anthropic makes on single fields, with its words."""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Any, NoReturn

from examples.stand_in.refusal import Refusal

_ID = re.compile(r"[a-zA-Z0-9_-]{1,64}\Z")
_COMPLAINTS: dict[type, str] = {
    str: "Input should be a valid string",
    int: "Input should be a valid integer",
    float: "Input should be a valid number",
    bool: "Input should be a valid boolean",
    list: "Input should be a valid list",
    dict: "Input should be a valid dictionary",
}


def invalid(message: str) -> NoReturn:
    """Refuse with status 400."""
    raise Refusal(400, message)


def check_fields(value: dict[str, Any], allowed: Collection[str], path: str = "") -> None:
    """Refuse fields the API does not know."""
    for name in value:
        if name not in allowed:
            invalid(f"{path}.{name}: Extra inputs are not permitted".lstrip("."))


def check_type(value: Any, kind: type, path: str) -> None:
    """Refuse a value of another type. A boolean is not a number."""
    if type(value) is not kind and not (kind is float and type(value) is int):
        invalid(f"{path}: {_COMPLAINTS[kind]}")


def required(value: dict[str, Any], name: str, path: str = "") -> Any:
    """The field's value; a missing field is refused."""
    if name not in value:
        invalid(f"{path}.{name}: Field required".lstrip("."))
    return value[name]


def check_tag(value: dict[str, Any], allowed: Collection[str], path: str) -> str:
    """The value's `type`; one the API does not know is refused."""
    tag = required(value, "type", path)
    if tag not in allowed:
        known = ", ".join(f"'{each}'" for each in sorted(allowed))
        invalid(
            f"{path}: Input tag '{tag}' found using 'type' does not match any of the expected tags: {known}"
        )
    return str(tag)


def check_id(value: Any, path: str) -> None:
    """Refuse ids that are not 1 to 64 letters, digits, underscores and dashes."""
    check_type(value, str, path)
    if not _ID.match(value):
        invalid(f"{path}: String should match pattern '^[a-zA-Z0-9_-]{{1,64}}$'")


def check_cache_control(value: dict[str, Any], path: str) -> int:
    """1 where the block marks a cache breakpoint, else 0."""
    control = value.get("cache_control")
    if control is None:
        return 0
    check_type(control, dict, f"{path}.cache_control")
    check_tag(control, ("ephemeral",), f"{path}.cache_control")
    check_fields(control, ("type", "ttl"), f"{path}.cache_control")
    return 1
