"""The demo's table: one row per model call, cut to the width of a terminal."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence

from routellm_core.routing.prices import Prices, TokenUsage

from examples.demo.model_call import ModelCall

WIDTH = 110
_HEADINGS = ("Part", "Prompt", "Score", "Route", "Reason", "Answered by", "Tokens in", "out", "Cost $")
_PROMPT = 1
_NUMBERS = frozenset({2, 6, 7, 8})
_GAP = "  "


def table(calls: Sequence[ModelCall], prices: Prices) -> str:
    """Return the table as text, at most `WIDTH` columns wide; a line sets each part apart."""
    rows = [*(_cells(call, prices) for call in calls), _total(calls, prices)]
    widths = [max(map(_width, column)) for column in zip(_HEADINGS, *rows, strict=True)]
    others = sum(widths) - widths[_PROMPT] + len(_GAP) * (len(widths) - 1)
    widths[_PROMPT] = min(widths[_PROMPT], max(WIDTH - others, 12))
    rule = _GAP.join("-" * width for width in widths)
    lines = [_line(_HEADINGS, widths)]
    for index, row in enumerate(rows):
        if index == 0 or row[0] != rows[index - 1][0]:
            lines.append(rule)
        lines.append(_line(row, widths))
    return "\n".join(lines)


def _cells(call: ModelCall, prices: Prices) -> tuple[str, ...]:
    score = call.record.get("score")
    return (
        call.part,
        _one_line(call.prompt),
        "-" if score is None else f"{score:.3f}",
        str(call.record["route"]),
        str(call.record["reason"]),
        call.model,
        f"{call.usage.input:,}",
        f"{call.usage.output:,}",
        f"{call.cost(prices):.6f}",
    )


def _total(calls: Sequence[ModelCall], prices: Prices) -> tuple[str, ...]:
    strong = sum(call.record["route"] == "strong" for call in calls)
    tokens = sum((call.usage for call in calls), TokenUsage())
    cost = sum(call.cost(prices) for call in calls)
    text = f"{len(calls)} calls: {strong} to strong, {len(calls) - strong} to weak"
    return ("total", text, "", "", "", "", f"{tokens.input:,}", f"{tokens.output:,}", f"{cost:.6f}")


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    shown = []
    for index, (cell, width) in enumerate(zip(cells, widths, strict=True)):
        text = _cut(cell, width)
        padding = " " * (width - _width(text))
        shown.append(padding + text if index in _NUMBERS else text + padding)
    return _GAP.join(shown).rstrip()


def _one_line(text: str) -> str:
    """Keep leading spaces, drop line breaks and whatever else would move the cursor."""
    visible = "".join(
        " " if unicodedata.category(char) in ("Cc", "Cs", "Zl", "Zp") else char for char in text[:400]
    )
    indent = len(visible) - len(visible.lstrip())
    return " " * min(indent, 2) + " ".join(visible.split())


def _cut(text: str, width: int) -> str:
    if _width(text) <= width:
        return text
    while _width(text) > width - 3:
        text = text[:-1]
    return text.rstrip() + "..."


def _width(text: str) -> int:
    """The columns that a terminal gives a text: two for wide characters and emojis, none for marks."""
    return sum(_columns(char) for char in text)


def _columns(char: str) -> int:
    if unicodedata.category(char) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if unicodedata.east_asian_width(char) in ("W", "F") else 1
