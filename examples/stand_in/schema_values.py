"""Values that satisfy a JSON schema, taken from the prompt's own words where they fit."""

from __future__ import annotations

import re
from typing import Any

_DEEP = 8
_FORMATS = {
    "date": "2026-01-01",
    "date-time": "2026-01-01T00:00:00Z",
    "time": "00:00:00Z",
    "duration": "P1D",
    "email": "someone@example.com",
    "uuid": "00000000-0000-4000-8000-000000000000",
    "uri": "https://example.com/",
    "ipv4": "127.0.0.1",
}
_QUOTED = re.compile(r"[\"“]([^\"”]+)[\"”]|(?<!\w)'([^']+)'(?!\w)")
_NUMBER = re.compile(r"(?<![\w.])-?\d+(?:\.\d+)?(?![\w])")
_PLACE = re.compile(r"\b(?:in|at|for|to|of)\s+((?:[A-Z][\w.'-]*(?:,?\s+)?)+)")
_PLACE_NAMES = ("location", "city", "place", "country", "town", "destination")
_WHOLE_NAMES = (
    "query",
    "question",
    "prompt",
    "request",
    "text",
    "input",
    "task",
    "message",
    "search",
    "reason",
)


class PromptValues:
    """Fills schemas from one prompt: each number and each quoted phrase is used once, in order."""

    def __init__(self, text: str) -> None:
        self._text = text.strip()
        self._numbers = _NUMBER.findall(text)
        self._phrases = [double or single for double, single in _QUOTED.findall(text)]

    def fill(self, schema: dict[str, Any]) -> Any:
        """A value for the schema. References are resolved against the schema itself."""
        return self._value(schema, schema, "", 0)

    def _value(self, schema: Any, root: dict[str, Any], name: str, depth: int) -> Any:
        if not isinstance(schema, dict):
            return self._string({}, name)
        schema = _resolved(schema, root)
        if "const" in schema:
            return schema["const"]
        if schema.get("enum"):
            return self._choice(schema["enum"])
        for key in ("anyOf", "oneOf"):
            if schema.get(key):
                return self._value(_plainest(schema[key], root, depth), root, name, depth + 1)
        match _type_of(schema):
            case "object":
                return self._object(schema, root, depth)
            case "array":
                return self._array(schema, root, name, depth)
            case "integer":
                return int(self._number(schema, whole=True))
            case "number":
                return self._number(schema, whole=False)
            case "boolean":
                return True
            case "null":
                return None
        return self._string(schema, name)

    def _object(self, schema: dict[str, Any], root: dict[str, Any], depth: int) -> dict[str, Any]:
        properties = schema.get("properties", {})
        required = schema.get("required", [])
        filled = {}
        for name, inner in properties.items():
            optional = name not in required
            # Optional fields with a default keep it; the others are filled, except deep inside a
            # recursive schema, where leaving them out is what ends the recursion.
            if optional and (depth > _DEEP // 2 or "default" in inner):
                continue
            filled[name] = self._value(inner, root, name, depth + 1)
        return filled

    def _array(self, schema: dict[str, Any], root: dict[str, Any], name: str, depth: int) -> list[Any]:
        if "prefixItems" in schema:
            return [self._value(item, root, name, depth + 1) for item in schema["prefixItems"]]
        least = int(schema.get("minItems", 0))
        if depth > _DEEP and least == 0:
            return []
        items = schema.get("items", {})
        wanted = max(1, least)
        if _type_of(_resolved(items, root)) in ("integer", "number"):
            wanted = max(wanted, len(self._numbers))
        wanted = min(wanted, int(schema.get("maxItems", wanted)))
        return [self._value(items, root, name, depth + 1) for _ in range(wanted)]

    def _number(self, schema: dict[str, Any], *, whole: bool) -> float:
        low = schema.get("minimum", schema.get("exclusiveMinimum"))
        high = schema.get("maximum", schema.get("exclusiveMaximum"))
        step = 1 if whole else 0.5
        text = self._numbers.pop(0) if self._numbers else "1"
        number = float(text) if "." in text and not whole else int(float(text))
        if low is not None and (number < low or number == schema.get("exclusiveMinimum")):
            number = low + step if "exclusiveMinimum" in schema else low
        if high is not None and (number > high or number == schema.get("exclusiveMaximum")):
            number = high - step if "exclusiveMaximum" in schema else high
        if multiple := schema.get("multipleOf"):
            number = round(number / multiple) * multiple
        return number

    def _choice(self, options: list[Any]) -> Any:
        text = self._text.lower()
        return next((option for option in options if str(option).lower() in text), options[0])

    def _string(self, schema: dict[str, Any], name: str) -> str:
        if schema.get("format") in _FORMATS:
            return _FORMATS[schema["format"]]
        if "pattern" in schema:
            found = re.search(schema["pattern"].strip("^$"), self._text)
            return found.group() if found else str(next(iter(schema.get("examples", ["A1"]))))
        lower = name.lower()
        text = self._text or "none"
        place = _PLACE.search(self._text)
        if any(word in lower for word in _PLACE_NAMES) and place:
            text = place.group(1).strip(" ,.")
        elif self._phrases and not any(word in lower for word in _WHOLE_NAMES):
            text = self._phrases.pop(0)
        text = text[: int(schema.get("maxLength", 200))]
        return text.ljust(int(schema.get("minLength", 0)), ".")


def _resolved(schema: dict[str, Any], root: dict[str, Any]) -> dict[str, Any]:
    for _ in range(_DEEP):
        if "$ref" in schema:
            target: Any = root
            for key in schema["$ref"].removeprefix("#").strip("/").split("/"):
                target = target[key] if key else target
            schema = {**target, **{key: value for key, value in schema.items() if key != "$ref"}}
        elif "allOf" in schema:
            merged: dict[str, Any] = {key: value for key, value in schema.items() if key != "allOf"}
            for part in schema["allOf"]:
                part = _resolved(part, root)
                properties = {**merged.get("properties", {}), **part.get("properties", {})}
                required = [*merged.get("required", []), *part.get("required", [])]
                merged = {**part, **merged}
                if properties:
                    merged |= {"properties": properties, "required": required}
            schema = merged
        else:
            break
    return schema


def _plainest(options: list[dict[str, Any]], root: dict[str, Any], depth: int) -> dict[str, Any]:
    """The first option that is not null; deep inside a recursive schema, null where it is offered."""
    resolved = [_resolved(option, root) for option in options]
    nulls = [option for option in resolved if _type_of(option) == "null"]
    if depth > _DEEP and nulls:
        return nulls[0]
    return next((option for option in resolved if _type_of(option) != "null"), resolved[0])


def _type_of(schema: dict[str, Any]) -> str:
    kind = schema.get("type")
    if isinstance(kind, list):
        kind = next((each for each in kind if each != "null"), "null")
    if isinstance(kind, str):
        return kind
    if "properties" in schema:
        return "object"
    return "array" if "items" in schema else "string"
