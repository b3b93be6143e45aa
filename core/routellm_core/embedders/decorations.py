"""Decorations: what people and products put on a prompt and what says nothing of how hard it is.

Numbers, addresses, greetings, thanks, emoji, and short brackets that hold a number. The order number of a
support mail must not send it to the strong model.
"""

from __future__ import annotations

import re

from routellm_core.embedders.shape import WORD_SHAPES, Shape
from routellm_core.embedders.word_lists import CONTACT_WORDS
from routellm_core.embedders.word_shapes import DECORATION, core_of

# Every repetition is bounded, so that the time is linear in the text's length.
_BRACKETED = re.compile(r"(?:^|(?<=\s))[\[(][^\[\]()\n]{0,24}\d[^\[\]()\n]{0,24}[\])](?=[\s.,!?;:]|$)")


_ENDS = ".?!。！？؟।"
_NOTE_WORDS = 7
_NOTE_DIGITS = 4
_CONTACT_DIGITS = 7
_LEAST_LEFT = 1


def undecorated(shape: Shape) -> Shape:
    """Return the shape of a text without its decorations."""
    counts = shape.counts
    # In scripts without spaces a number may be part of a word.
    if not (counts.decorations or counts.digits):
        return shape
    text, words, total = shape.text, shape.words, shape.total
    if counts.digits and counts.brackets:
        text = _BRACKETED.sub("", text)
        if len(text) < len(shape.text):
            words = text.split()
            total = WORD_SHAPES.total(words)
    plain: list[str] = []
    noteless = _without_note(words) if counts.digits >= _NOTE_DIGITS else words
    for word in noteless:
        packed = WORD_SHAPES[word]
        if packed < DECORATION:
            plain.append(word)
        else:
            total -= packed
    if len(plain) == len(shape.words):
        return shape
    total -= WORD_SHAPES.total(words[len(noteless) :])
    return Shape.counted(text, plain, total, shape.options)


def _without_note(words: list[str]) -> list[str]:
    """Return words without a note at the end that holds a long number ("Call me at 555 0142.")."""
    end = len(words)
    while end > _LEAST_LEFT and (
        WORD_SHAPES[words[end - 1]] >= DECORATION or core_of(words[end - 1]) in CONTACT_WORDS
    ):
        end -= 1
    if sum(map(str.isdigit, "".join(words[end:]))) >= _CONTACT_DIGITS:
        words = words[:end]
    least = max(_LEAST_LEFT, len(words) - _NOTE_WORDS)
    starts = (place for place in range(len(words) - 1, least - 1, -1) if words[place - 1][-1] in _ENDS)
    start = next(starts, None)
    if start is None or sum(map(str.isdigit, "".join(words[start:]))) < _NOTE_DIGITS:
        return words
    return words[:start]
