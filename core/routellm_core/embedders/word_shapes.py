"""WordShapes: what single words look like, packed into one integer each, so that a text's counts are one sum.

A word here is what lies between white space. Words come again, so what one looks like is measured once and
remembered; a text then costs one look-up and one addition a word for all counts together.
"""

from __future__ import annotations

import struct
from functools import lru_cache
from typing import NamedTuple
from unicodedata import category

from routellm_core.embedders.word_lists import (
    CODE_WORDS,
    CONJUNCTIONS,
    FUNCTION_WORDS_OF_OTHERS,
    MATHEMATICS_WORDS,
    NEGATIONS,
    POLITE_WORDS,
    QUANTITY_WORDS,
    REASONING_WORDS,
    STOP_WORDS,
)

MAX_WORDS = 50_000
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


_BITS = 16
_LARGEST = (1 << _BITS) - 1
_PACKED = struct.Struct(f"<{len(Counts._fields)}H")

_EDGES = ".,;:!?\"'()[]{}<>*_`~-/\\|“”‘’«»…。，！？、：；"
_BRACKETS = "()[]{}"
_OPERATORS = "+*/=<>^%|&~"
_CODE_SYMBOLS = "{}();=<>_`#&|[]"
_LATEX = "\\$"
_QUOTES = '"“”«»„「」『』'
_APOSTROPHES = "'’‘"
_SENTENCE_ENDS = "!。！？؟।"
_QUESTION_MARKS = "?？؟"
_CLAUSE_ENDS = "，、；："


class WordShapes(dict[str, int]):
    """Word -> its counts, packed; made when a word is met for the first time."""

    def __missing__(self, word: str) -> int:
        found = packed(word)
        if len(word) <= LONGEST_WORD:
            if len(self) >= MAX_WORDS:
                self.clear()
            self[word] = found
        return found

    def counts(self, words: list[str]) -> Counts:
        """Return the counts of a text's words; the text is clipped, so that no count exceeds its 16 bits."""
        total: int = sum(map(self.__getitem__, words))
        return Counts._make(_PACKED.unpack(total.to_bytes(_PACKED.size, "little")))


def packed(word: str) -> int:
    """Measure one word, at least one character long, and pack its counts, 16 bits each, the first lowest."""
    return int.from_bytes(_PACKED.pack(*(min(int(count), _LARGEST) for count in _counts(word))), "little")


def is_address(word: str) -> bool:
    """Say whether a word is a URL or an e-mail address."""
    at = word.find("@")
    return "://" in word or word.startswith("www.") or (at > 0 and "." in word[at:])


def core_of(word: str) -> str:
    """Return a word in lower case, without the punctuation around it."""
    return word.strip(_EDGES).lower()


def _counts(word: str) -> Counts:
    core = core_of(word) or word.lower()
    plain = word.isascii()
    digits = sum(map(str.isdigit, word))
    last = word.rstrip("\"'”’»)]*_")[-1:]
    return Counts(
        characters=len(word),
        long_words=len(core) >= 8 and core.isalpha() and (plain or not _is_unspaced(core)),
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
        question_marks=_count(word, _QUESTION_MARKS),
        brackets=_count(word, _BRACKETS),
        operators=_count(word, _OPERATORS),
        code_symbols=_count(word, _CODE_SYMBOLS),
        latex=_count(word, _LATEX),
        quotes=_count(word, _QUOTES),
        apostrophes=_count(word, _APOSTROPHES),
        non_ascii=0 if plain else len(word) - len(word.encode("ascii", "ignore")),
        addresses=is_address(word),
        symbols=0 if plain else sum(map(_is_symbol, word)),
    )


def _count(word: str, characters: str) -> int:
    return sum(map(word.count, characters))


def _is_unspaced(word: str) -> bool:
    # Scripts that put no space between words: what looks like a long word is a sentence.
    return any("\u0e00" <= character <= "\u0eff" or "\u3040" <= character <= "\u9fff" for character in word)


@lru_cache(maxsize=4096)
def _is_symbol(character: str) -> bool:
    return category(character) in ("So", "Sk", "Cs", "Co")
