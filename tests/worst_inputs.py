"""Texts made to be slow for one pattern: what begins a match again and again, and never ends it."""

import re
from collections.abc import Iterator
from re import _constants as kinds  # type: ignore[attr-defined]
from re import _parser  # type: ignore[attr-defined]
from typing import Any

_ENDS = ("", "\x00", "\n?")
"""What follows the repeated part: nothing, a character of no class, and the end of a line."""

_COMMON = " \n\t*a0A-"


def worst_inputs(pattern: re.Pattern[str], length: int) -> Iterator[str]:
    """Yield texts of about `length` characters: each beginning of the pattern, repeated or before a run."""
    parsed = _parser.parse(pattern.pattern, pattern.flags)
    beginnings = list(dict.fromkeys(_beginnings(list(parsed))))
    characters = list(dict.fromkeys([*_COMMON, *_literals(list(parsed))]))
    for beginning in beginnings:
        # After "-" a word begins, and it may be of the word's own letters too.
        for repeated in dict.fromkeys(beginning + end for end in ("", " ", "\n", "-")):
            if repeated:
                yield from (repeated * (length // len(repeated)) + end for end in _ENDS)
        for character in characters:
            yield from (beginning + character * length + end for end in _ENDS)
    for first in characters[:12]:
        for second in characters[:12]:
            yield (first + second) * (length // 2)


def _beginnings(items: list[Any]) -> Iterator[str]:
    # Each sample of a few items, from none of them to all; inside groups too.
    before = ""
    yield before
    for item in items:
        for inner in _inner(item):
            yield from (before + beginning for beginning in _beginnings(inner))
        before += _sample(item)
        yield before


def _inner(item: Any) -> list[list[Any]]:
    kind, value = item
    if kind is kinds.SUBPATTERN:
        return [list(value[3])]
    if kind is kinds.BRANCH:
        return [list(branch) for branch in value[1]]
    if kind in (kinds.MAX_REPEAT, kinds.MIN_REPEAT, kinds.POSSESSIVE_REPEAT):
        return [list(value[2])]
    return [list(value)] if kind is kinds.ATOMIC_GROUP else []


def _sample(item: Any) -> str:
    kind, value = item
    if kind is kinds.LITERAL:
        return chr(value)
    if kind in (kinds.ANY, kinds.NOT_LITERAL):
        return "a"
    if kind is kinds.IN:
        return _member(value)
    if kind in (kinds.MAX_REPEAT, kinds.MIN_REPEAT, kinds.POSSESSIVE_REPEAT):
        return "".join(map(_sample, value[2])) * max(1, value[0])
    inner = _inner(item)
    return "".join(map(_sample, inner[0])) if inner else ""


def _member(members: Any) -> str:
    for kind, value in members:
        if kind is kinds.LITERAL:
            return chr(value)
        if kind is kinds.RANGE:
            return chr(value[0])
        if kind is kinds.CATEGORY:
            return {kinds.CATEGORY_DIGIT: "0", kinds.CATEGORY_SPACE: " "}.get(value, "a")
    return "a"


def _literals(items: list[Any]) -> Iterator[str]:
    for item in items:
        kind, value = item
        if kind is kinds.LITERAL:
            yield chr(value)
        elif kind is kinds.IN:
            yield from (chr(inner) for kind, inner in value if kind is kinds.LITERAL)
            yield _member(value)
        for inner in _inner(item):
            yield from _literals(inner)
