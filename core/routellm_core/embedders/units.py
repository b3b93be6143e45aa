"""Units: what a text is read by, each once.

They are its words in lower case, and, where a script puts no space between words, its characters and pairs of
characters.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Collection
from itertools import chain
from operator import add

from routellm_core.embedders.scripts import UNSPACED
from routellm_core.embedders.text import CHARACTER_LIMIT
from routellm_core.embedders.word_shapes import LONGEST_WORD, MAX_WORDS

WINDOW = 60
"""Words at the head and at the tail of a text that are read: a request stands before or after a paste."""

_AT_ONCE = 1000
"""Characters of a word that are normalised in one call, in which no other thread runs."""


def window(words: list[str]) -> list[str]:
    """Return the first and the last `WINDOW` words."""
    return words if len(words) <= 2 * WINDOW else words[:WINDOW] + words[-WINDOW:]


def units_of(words: list[str], *, is_ascii: bool = False) -> Collection[str]:
    """Return the units of words in the order in which they first stand.

    Args:
        words: in lower case.
        is_ascii: whether they are known to be ASCII.
    """
    # A set's order changes from process to process.
    distinct = dict.fromkeys(words)
    if is_ascii or all(map(str.isascii, distinct)):
        return distinct
    return dict.fromkeys(chain.from_iterable(map(_parts.__getitem__, distinct)))


class _Parts(dict[str, tuple[str, ...]]):
    """Word -> its units; made when a word is met for the first time."""

    def __missing__(self, word: str) -> tuple[str, ...]:
        found = (word,) if word.isascii() else _cut(_normal(word).lower())
        if len(word) <= LONGEST_WORD:
            if len(self) >= MAX_WORDS:
                self.clear()
            self[word] = found
        return found


_parts = _Parts()


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


def _cut(word: str) -> tuple[str, ...]:
    runs = UNSPACED.findall(word)
    if not runs:
        return (word,)
    found = [part for part in UNSPACED.split(word) if part]
    for run in runs:
        found += run
        found += map(add, run, run[1:])
    return tuple(found)
