"""Lettered options of an exam question ("A. ...", "b) ..."): where they begin, and how many there are."""

from __future__ import annotations

import re
from dataclasses import dataclass

_OPTION = re.compile(r"(?:\n[ \t]*|[ \t])\(?([A-Za-z])[.):](?=[ \t])")
_SECOND = ("B.", "b.", "B)", "b)", "B:", "b:")
_CUE = re.compile(r"answer\s*:\s*$", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Options:
    """The options of a text.

    Attributes:
        start: where in the text they begin.
        count: how many there are, at least two.
    """

    start: int
    count: int


def options_of(text: str) -> Options | None:
    """Find the options of a text, in capital or small letters; None if there are none.

    Two that stand on lines of their own are options, and so are three anywhere, one after the other.
    """
    # Nearly every text without options is known by this, far sooner than by the search.
    if not any(map(text.__contains__, _SECOND)):
        return None
    found = list(_OPTION.finditer(text))
    letters = [match.group(1).lower() for match in found]
    for first in range(len(letters) - 1):
        if letters[first] != "a":
            continue
        last = first
        while last + 1 < len(letters) and ord(letters[last + 1]) == ord(letters[last]) + 1:
            # initials ("A. B. Smith") have nothing between them
            if found[last + 1].start() <= found[last].end() + 1:
                break
            last += 1
        count = last - first + 1
        on_lines = text[found[first].start()] == "\n"
        if count >= 3 or (count == 2 and on_lines):
            return Options(found[first].start(), count)
    return None


def question_of(text: str) -> str:
    """Return the text before its options, or all of it where it has none."""
    options = options_of(text)
    return text if options is None else text[: options.start]


def asks_for_answer_at_once(text: str) -> bool:
    """Return whether the text ends with the cue "Answer:", which leaves a model no room to reason first."""
    end = text[-80:].rstrip()
    return end.endswith(":") and _CUE.search(end) is not None
