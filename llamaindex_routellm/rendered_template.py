"""RenderedTemplate: a template's fixed parts, by which its variables are found again in what it rendered to.

Differs from a regular expression in that its time is linear: each fixed part is looked for once, behind the
one before.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

_VARIABLE = re.compile(r"\{\{\s*(\w+)\s*\}\}|\{(\w+)\}")


@dataclass(frozen=True)
class RenderedTemplate:
    """A template, taken apart.

    Attributes:
        opening: the fixed text before the first variable.
        parts: each variable's name with the fixed text behind it.
    """

    opening: str
    parts: tuple[tuple[str, str], ...]

    @classmethod
    def from_template(cls, template: str) -> RenderedTemplate:
        """Take apart a template whose variables are written `{name}` or `{{ name }}`."""
        # split puts both groups after each fixed text; one of the two is None.
        split = _VARIABLE.split(template)
        names = [double or single for double, single in zip(split[1::3], split[2::3], strict=True)]
        return cls(split[0], tuple(zip(names, split[3::3], strict=True)))

    def variables(self, text: str) -> Mapping[str, str] | None:
        """Return name -> value in a text; None if this template did not render it.

        Each value is the shortest that fits; white space behind the text is ignored.
        """
        if not text.startswith(self.opening):
            return None
        values: dict[str, str] = {}
        place = len(self.opening)
        for number, (name, behind) in enumerate(self.parts, start=1):
            is_last = number == len(self.parts)
            found = _end(text, behind, place) if is_last else text.find(behind, place)
            if found < 0:
                return None
            values[name] = text[place:found]
            place = found + len(behind)
        return values


def between(text: str, opening: str, closing: str) -> Iterator[str]:
    """Yield what stands between each opening and the nearest closing behind it."""
    place = 0
    while (start := text.find(opening, place)) >= 0:
        start += len(opening)
        end = text.find(closing, start)
        if end < 0:
            return
        yield text[start:end]
        place = end + len(closing)


def _end(text: str, last: str, place: int) -> int:
    """Return the place of the last fixed part, with only white space after it; -1 if it is missing."""
    end = len(text.rstrip())
    visible = len(last.rstrip())
    found = end - visible if visible else text.find(last, max(place, end))
    return found if found >= place and text.startswith(last, found) else -1
