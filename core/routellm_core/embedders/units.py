"""Units: what a text is read by, each once.

They are its words in lower case, and, where a script puts no space between words, its characters and pairs of
characters.
"""

from __future__ import annotations

import unicodedata
from operator import add

from routellm_core.embedders.scripts import UNSPACED

WINDOW = 60
"""Words at the head and at the tail of a text that are read: a request stands before or after a paste."""


def window(words: list[str]) -> list[str]:
    """Return the first and the last `WINDOW` words."""
    return words if len(words) <= 2 * WINDOW else words[:WINDOW] + words[-WINDOW:]


def units_of(words: list[str]) -> set[str]:
    """Return the units of words, which are in lower case."""
    units = set(words)
    others = [word for word in units if not word.isascii()]
    if others:
        units.difference_update(others)
        for word in others:
            units.update(_parts(unicodedata.normalize("NFKC", word).lower()))
    return units


def _parts(word: str) -> list[str]:
    runs = UNSPACED.findall(word)
    if not runs:
        return [word]
    found = [part for part in UNSPACED.split(word) if part]
    for run in runs:
        found += run
        found += map(add, run, run[1:])
    return found
