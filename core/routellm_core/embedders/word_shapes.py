"""WordShapes: what single words look like, packed into one integer each, so that a text's counts are one sum.

A word here is what lies between white space. Words come again, so what one looks like is measured once and
remembered; a text then costs one look-up and one addition a word for all counts together.
"""

from __future__ import annotations

import re
import struct
from functools import lru_cache
from typing import NamedTuple
from unicodedata import category

from routellm_core.embedders.scripts import is_unspaced_word
from routellm_core.embedders.word_lists import (
    CODE_WORDS,
    CONJUNCTIONS,
    FUNCTION_WORDS_OF_OTHERS,
    GREETINGS,
    MATHEMATICS_WORDS,
    NEGATIONS,
    POLITE_WORDS,
    QUANTITY_WORDS,
    REASONING_WORDS,
    STOP_WORDS,
)

MAX_WORDS = 100_000
"""Remembered words; beyond them the memory starts again from nothing."""

LONGEST_WORD = 32
"""Characters of the longest word that is remembered: addresses and keys seldom come twice."""


class Counts(NamedTuple):
    """What is counted in the words of a text: of words, the number that are so; of signs, how many."""

    characters: int
    long_words: int
    """Of eight letters and more."""
    stop_words: int
    conjunctions: int
    negations: int
    polite_words: int
    code_words: int
    reasoning_words: int
    mathematics_words: int
    quantity_words: int
    foreign_words: int
    """Function words of other languages in Latin script."""
    capitalised: int
    all_capitals: int
    numbers: int
    """Words that hold a digit."""
    digits: int
    clauses: int
    """Words that end in a comma, a semicolon or a colon."""
    sentences: int
    """Words that end in a full stop, an exclamation or a question mark."""
    question_marks: int
    brackets: int
    operators: int
    code_symbols: int
    latex: int
    """Backslashes and dollar signs."""
    quotes: int
    apostrophes: int
    non_ascii: int
    addresses: int
    """URLs and e-mail addresses."""
    symbols: int
    """Emoji and the like."""
    decorations: int
    """Words that say nothing of how hard a prompt is, see `is_decoration`. The highest count, so that a
    word is one of them if it is packed into `DECORATION` or more."""


_PACKED = struct.Struct(f"<{len(Counts._fields)}H")

_EDGES = ".,;:!?\"'()[]{}<>*_`~-/\\|“”‘’«»…。，！？、：；"
_BRACKETS = "()[]{}"
_OPERATORS = "+*/=<>^%|&~"
_CODE_SYMBOLS = "{}();=<>`#&|[]"
"""Beside the underscore, which is a letter to a regular expression."""
_LATEX = "\\$"
_QUOTES = '"“”«»„「」『』'
_APOSTROPHES = "'’‘"
_SENTENCE_ENDS = "!。！？؟।"
_QUESTION_MARKS = "?？؟"
_JOINERS = "\u200d\ufe0f"
"""What joins and styles emoji."""
_CLAUSE_ENDS = "，、；："


_LETTERS = re.compile(r"\w+")


def _as_number(counts: Counts) -> int:
    return int.from_bytes(_PACKED.pack(*counts), "little")


def _unit(*names: str) -> int:
    """Return one count of each name, packed."""
    return sum(1 << (16 * Counts._fields.index(name)) for name in names)


DECORATION = _unit("decorations")

_LONG = 8
_LONG_WORD, _CAPITALISED, _ALL_CAPITALS = map(_unit, ("long_words", "capitalised", "all_capitals"))
_NUMBER, _DIGIT = _unit("numbers", "decorations"), _unit("digits")
_LISTS = {
    "stop_words": STOP_WORDS,
    "conjunctions": CONJUNCTIONS,
    "negations": NEGATIONS,
    "polite_words": POLITE_WORDS,
    "code_words": CODE_WORDS,
    "reasoning_words": REASONING_WORDS,
    "mathematics_words": MATHEMATICS_WORDS,
    "quantity_words": QUANTITY_WORDS,
    "foreign_words": FUNCTION_WORDS_OF_OTHERS,
    "decorations": GREETINGS,
}
_LISTED = {
    word: _unit(*(name for name, words in _LISTS.items() if word in words))
    for word in frozenset().union(*_LISTS.values())
}
_ENDS = {
    ",": _unit("clauses"),
    ";": _unit("clauses", "code_symbols"),
    ":": _unit("clauses"),
    ".": _unit("sentences"),
    "!": _unit("sentences"),
    "?": _unit("sentences", "question_marks"),
}


class WordShapes(dict[str, int]):
    """Word -> its counts, packed; made when a word is met for the first time."""

    def __missing__(self, word: str) -> int:
        found = packed(word)
        if len(word) <= LONGEST_WORD:
            if len(self) >= MAX_WORDS:
                self.clear()
            self[word] = found
        return found

    def total(self, words: list[str]) -> int:
        """Return the sum over a text's words; the text is clipped, so that no count exceeds its 16 bits."""
        return sum(map(self.__getitem__, words))


def unpacked(total: int) -> Counts:
    """Return the counts in a sum of packed ones."""
    return Counts._make(_PACKED.unpack(total.to_bytes(_PACKED.size, "little")))


def packed(word: str) -> int:
    """Measure one word, at least one character long, and pack its counts, 16 bits each, the first lowest."""
    # Most words are letters or digits, with one sign at the end at most: their counts are known at once.
    if word.isascii():
        end = _ENDS.get(word[-1])
        body = word if end is None else word[:-1]
        signs = 0 if end is None else end + 1
        if body.isalpha():
            return _of_letters(body) + signs
        if body.isdigit():
            return len(body) * (1 + _DIGIT) + _NUMBER + signs
    return _as_number(_counts(word))


def _of_letters(word: str) -> int:
    found = _LISTED.get(word.lower(), 0) + len(word)
    if len(word) >= _LONG:
        found += _LONG_WORD
    if not word.islower():
        if word[:2] != word[:2].lower():
            found += _CAPITALISED
        if len(word) > 1 and word.isupper():
            found += _ALL_CAPITALS
    return found


def is_address(word: str) -> bool:
    """Return whether a word is a URL or an e-mail address."""
    at = word.find("@")
    return "://" in word or word.startswith("www.") or (at > 0 and "." in word[at:])


def is_decoration(word: str) -> bool:
    """Return whether a word says nothing of how hard a prompt is: a number, an address, a greeting, emoji.

    In scripts without spaces a word is a whole sentence, and never a decoration.
    """
    if not word.isascii():
        if all(map(is_symbol, word)):
            return True
        if is_unspaced_word(word):
            return False
    return any(map(str.isdigit, word)) or is_address(word) or core_of(word) in GREETINGS


def core_of(word: str) -> str:
    """Return a word in lower case, without the punctuation around it."""
    return word.strip(_EDGES).lower()


def _counts(word: str) -> Counts:
    core = core_of(word) or word.lower()
    plain = word.isascii()
    digits = 0 if word.isalpha() else sum(map(str.isdigit, word))
    last = word.rstrip("\"'”’»)]*_")[-1:]
    signs = _LETTERS.sub("", word)
    return Counts(
        characters=len(word),
        long_words=len(core) >= _LONG and core.isalpha() and (plain or not is_unspaced_word(core)),
        stop_words=core in STOP_WORDS,
        conjunctions=core in CONJUNCTIONS,
        negations=core in NEGATIONS,
        polite_words=core in POLITE_WORDS,
        code_words=core in CODE_WORDS,
        reasoning_words=core in REASONING_WORDS,
        mathematics_words=core in MATHEMATICS_WORDS,
        quantity_words=core in QUANTITY_WORDS,
        foreign_words=core in FUNCTION_WORDS_OF_OTHERS,
        capitalised=word[:2].upper() != word[:2].lower() and word[:2] != word[:2].lower(),
        all_capitals=len(word) > 1 and word.isupper(),
        numbers=digits > 0,
        digits=digits,
        clauses=last in (",", ";", ":") if plain else _count(word, ",;:" + _CLAUSE_ENDS),
        sentences=last in (".", "!", "?") if plain else (last in (".", "?")) + _count(word, _SENTENCE_ENDS),
        question_marks=_count(signs, _QUESTION_MARKS),
        brackets=_count(signs, _BRACKETS),
        operators=_count(signs, _OPERATORS),
        code_symbols=_count(signs, _CODE_SYMBOLS) + word.count("_"),
        latex=_count(signs, _LATEX),
        quotes=_count(signs, _QUOTES),
        apostrophes=_count(signs, _APOSTROPHES),
        non_ascii=0 if plain else len(word) - len(word.encode("ascii", "ignore")),
        addresses=is_address(word),
        symbols=0 if plain else sum(map(is_symbol, word)),
        decorations=is_decoration(word),
    )


def _count(word: str, characters: str) -> int:
    return sum(map(word.count, characters)) if word else 0


@lru_cache(maxsize=4096)
def is_symbol(character: str) -> bool:
    """Return whether a character is an emoji, a symbol, or belongs to one."""
    return category(character) in ("So", "Sk", "Cs", "Co") or character in _JOINERS
