"""Arguments that certainly break a schema, and those that may not."""

import pytest

from routellm_core.routing.tool_schema import breaks_schema

SCHEMA = {
    "properties": {
        "count": {"type": "integer"},
        "unit": {"enum": ["m", "km"]},
        "tags": {"type": ["array", "null"]},
        "any": {"anyOf": [{"type": "string"}]},
        "odd": {"type": "something new"},
    },
    "required": ["count"],
    "additionalProperties": False,
}


@pytest.mark.parametrize(
    "arguments",
    [
        {"count": 3},
        {"count": 3.0, "unit": "km", "tags": None},
        {"count": 1, "tags": ["a"], "any": 7, "odd": 7},
    ],
)
def test_what_may_be_right(arguments: dict[str, object]) -> None:
    assert not breaks_schema(arguments, SCHEMA)
    assert not breaks_schema({"anything": 1}, {})


@pytest.mark.parametrize(
    "arguments",
    [
        {},
        {"count": "3"},
        {"count": 3.5},
        {"count": True},
        {"count": 3, "unit": "mile"},
        {"count": 3, "x": 1},
        "{",
    ],
)
def test_what_is_wrong(arguments: object) -> None:
    assert breaks_schema(arguments, SCHEMA)
