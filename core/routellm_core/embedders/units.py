"""Units: what a text is read by, each once.

They are its words in lower case, and, where a script puts no space between words, its characters and pairs of
characters.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Collection
from operator import add

from routellm_core.embedders.scripts import UNSPACED
from routellm_core.embedders.text import CHARACTER_LIMIT

WINDOW = 60
"""Words at the head and at the tail of a text that are read: a request stands before or after a paste."""

_AT_ONCE = 1000
"""Characters of a word that are normalised in one call, in which no other thread runs."""


def window(words: list[str]) -> list[str]:
    """Return the first and the last `WINDOW` words."""
    return words if len(words) <= 2 * WINDOW else words[:WINDOW] + words[-WINDOW:]


def units_of(words: list[str]) -> Collection[str]:
    """Return the units of words, which are in lower case, in the order in which they first stand."""
    # A set's order changes from process to process, and with it the last digits of a sum.
    distinct = dict.fromkeys(words)
    if all(map(str.isascii, distinct)):
        return distinct
    units: dict[str, None] = {}
    for word in distinct:
        if word.isascii():
            units[word] = None
        else:
            units.update(dict.fromkeys(_parts(_normal(word).lower())))
    return units


def _normal(word: str) -> str:
    """Return NFKC of a word, at most `CHARACTER_LIMIT` characters: one may stand for eighteen."""
    if len(word) <= _AT_ONCE:
        return unicodedata.normalize("NFKC", word)
    found = ""
    for start in range(0, len(word), _AT_ONCE):
        found += unicodedata.normalize("NFKC", word[start : start + _AT_ONCE])
        if len(found) >= CHARACTER_LIMIT:
            break
    return found[:CHARACTER_LIMIT]


def _parts(word: str) -> list[str]:
    runs = UNSPACED.findall(word)
    if not runs:
        return [word]
    found = [part for part in UNSPACED.split(word) if part]
    for run in runs:
        found += run
        found += map(add, run, run[1:])
    return found
