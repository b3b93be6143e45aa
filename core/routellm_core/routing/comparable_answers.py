"""Comparable answers: what an answer comes to, if that can be compared: a number, a choice, a label, a value.

Prose comes to nothing that can be compared. Of long answers only the end is read.
"""

from __future__ import annotations

import ast
import json
import math
import re
from typing import Any, NamedTuple

from routellm_core.routing.shown_answer import is_calls
from routellm_core.routing.tool_loop import ToolStep

_READ = 2_000
"""Characters of an answer that are read, from its end."""

_LONGEST_JSON = 100_000
"""Characters of the longest JSON that is read as a whole."""

_LONGEST_LABEL = 60
"""Characters of the longest answer that is a label, such as "not spam"."""

_MARKS = ("####", "\\boxed{", "[answer]", "answer is", "answer:")
"""What stands before a final answer, in lower case."""

_NUMBER = re.compile(r"-?\d[\d,]{0,30}(?:\.\d{1,30})?(?:/\d{1,15})?")
_CHOICE = re.compile(r"\(?([A-J])(?:[).:,]|$)")
_WORD = re.compile(r"\w+")
_OUTPUTS = ("", "text", "txt", "output", "json", "plaintext")
_FENCE = "```"


class FinalAnswer(NamedTuple):
    """What an answer comes to.

    Attributes:
        kind: "number", "choice", "label" or "value", which is a list, an object or another literal.
        value: the number, or a text that is equal for equal answers.
    """

    kind: str
    value: float | str


def same_answer(one: Any, other: Any) -> bool:
    """Return whether two answers come to the same, or to nothing that can be compared.

    Tool calls are the same where names and arguments are equal, in any order, and objects where they are
    equal.
    """
    if is_calls(one) and is_calls(other):
        return _same_calls(one, other)
    if not (isinstance(one, str) and isinstance(other, str)):
        return bool(one == other)
    first, second = final_answer(one), final_answer(other)
    if first is None or second is None:
        return first is second
    if isinstance(first.value, float) and isinstance(second.value, float):
        return math.isclose(first.value, second.value, rel_tol=1e-6)
    return first == second


def _same_calls(one: list[ToolStep], other: list[ToolStep]) -> bool:
    left = list(other)
    for call in one:
        if call not in left:
            return False
        left.remove(call)
    return not left


def final_answer(text: str) -> FinalAnswer | None:
    """Return what an answer comes to; None if it can't be compared, as prose and programs can't."""
    if len(text) > _READ and (found := _long_json(text)) is not None:
        return found
    text = text[-_READ:].strip().replace("**", "")
    marked = _marked(text)
    if marked is not None:
        return _short(marked) or _number(marked)
    block = _last_block(text)
    if block is not None:
        language, content = block
        return _short(content) or _value(content) if language in _OUTPUTS else None
    return _value(text) or _short(text) or _number(text.rsplit("\n", 1)[-1])


def _marked(text: str) -> str | None:
    """Return what stands behind the last mark, to the end of its line; None without a mark."""
    lowered = text.lower()
    place, mark = max((lowered.rfind(mark), mark) for mark in _MARKS)
    if place < 0:
        return None
    line = text[place + len(mark) :].lstrip(" :\n").split("\n", 1)[0]
    return line.split("}", 1)[0].split("[/", 1)[0].strip()


def _last_block(text: str) -> tuple[str, str] | None:
    """Return the language and the content of the last fenced block; None if there is none."""
    parts = text.split(_FENCE)
    if len(parts) < 3:
        return None
    head, _, content = parts[-2 if len(parts) % 2 else -1].partition("\n")
    return (head.strip().lower(), content.strip()) if content else ("", head.strip())


def _short(text: str) -> FinalAnswer | None:
    """Return a choice, a value, a number or a label; None for a text of more than one line, or a long one."""
    if not text or "\n" in text or len(text) > _LONGEST_LABEL:
        return None
    choice = _CHOICE.match(text)
    if choice is not None:
        return FinalAnswer("choice", choice.group(1))
    found = _value(text) or _number(text)
    if found is not None:
        return found
    words = _WORD.findall(text.casefold())
    return FinalAnswer("label", " ".join(words)) if words else None


def _number(text: str) -> FinalAnswer | None:
    found = _NUMBER.findall(text)
    if not found:
        return None
    above, _, below = found[-1].replace(",", "").partition("/")
    if below and not float(below):
        return None
    return FinalAnswer("number", float(above) / float(below or 1))


def _value(text: str) -> FinalAnswer | None:
    """Return a list, an object or another literal of Python's or JSON's; None for anything else."""
    if text[:1] not in ("[", "{", "(", "'", '"'):
        return None
    try:
        value = ast.literal_eval(
            text.replace("true", "True").replace("false", "False").replace("null", "None")
        )
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        return None
    if isinstance(value, str):
        return FinalAnswer("label", " ".join(_WORD.findall(value.casefold())))
    return FinalAnswer("value", _written(value))


def _long_json(text: str) -> FinalAnswer | None:
    """Return the value of a text that is JSON as a whole, as with a response format; None if it is not."""
    if len(text) > _LONGEST_JSON or text.lstrip()[:1] not in ("[", "{"):
        return None
    try:
        return FinalAnswer("value", _written(json.loads(text)))
    except (ValueError, RecursionError):
        return None


def _written(value: Any) -> str:
    """Return a literal as it is written, with what has no order sorted, and 2.0 as 2."""
    match value:
        case dict():
            items = sorted(f"{_written(key)}: {_written(each)}" for key, each in value.items())
            return f"{{{', '.join(items)}}}"
        case set():
            return f"{{{', '.join(sorted(map(_written, value)))}}}"
        case list():
            return f"[{', '.join(map(_written, value))}]"
        case tuple():
            return f"({', '.join(map(_written, value))})"
        case float() if value.is_integer():
            return repr(int(value))
    return repr(value)
