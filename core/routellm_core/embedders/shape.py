"""Shape of a prompt: what can be told of it without knowing what its words mean, as some 60 numbers.

Counts of words, lines and signs, how long words and sentences are, how the text begins and how it ends.
Differs from the token table in that texts of any script and any domain have these.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from math import log1p
from typing import Self

from routellm_core.embedders.lettered_options import Options, options_of
from routellm_core.embedders.text import clipped
from routellm_core.embedders.word_shapes import Counts, WordShapes, core_of, is_symbol, unpacked

FEATURES = (
    # log(1 + count) unless it says share, mean or flag; all but the last three leave lettered options out
    "characters",
    "words",
    "lines",
    "paragraphs",
    "sentences",
    "clauses",
    "mean_word_length",
    "mean_sentence_words",
    "mean_line_words",
    "long_word_share",
    "distinct_word_share",
    "stop_word_share",
    "conjunctions",
    "conjunction_share",
    "negations",
    "polite_words",
    "code_words",
    "code_word_share",
    "reasoning_words",
    "reasoning_word_share",
    "mathematics_words",
    "quantity_words",
    "foreign_word_share",
    "capitalised_share",
    "all_capitals_share",
    "numbers",
    "number_share",
    "digits",
    "digit_share",
    "mean_number_length",
    "distinct_numbers",
    "question_marks",
    "brackets",
    "bracket_share",
    "operators",
    "operator_share",
    "code_symbols",
    "code_symbol_share",
    "latex",
    "quotes",
    "apostrophes",
    "non_ascii_share",
    "addresses",
    "symbols",
    "fences",
    "bullets",
    "ends_in_question_flag",
    "ends_in_colon_flag",
    "ends_in_stop_flag",
    "starts_in_lower_case_flag",
    "starts_with_what_flag",
    "starts_with_how_flag",
    "starts_with_why_flag",
    "starts_with_write_flag",
    "starts_with_explain_flag",
    "starts_with_calculate_flag",
    "starts_with_is_flag",
    "starts_with_list_flag",
    "options",
    "mean_option_length",
    "option_digit_share",
)
"""The features, in the order of the vector."""

_FIRST_WORDS = (
    "what what's whats which who whom whose where when name",
    "how",
    "why",
    "write create make generate compose draft give build implement design develop code",
    "explain describe discuss compare analyze analyse summarize summarise tell",
    "calculate compute find solve determine evaluate prove show derive if let suppose",
    "is are was were do does did can could should would will has have am may",
    "list translate rewrite convert extract classify sort fix correct suggest provide",
)
"""The first words that set each "starts_with" flag, in their order in `FEATURES`."""

_STARTS = tuple(tuple(float(flag == kind) for flag in range(8)) for kind in range(8))
_FLAGS = {word: _STARTS[kind] for kind, words in enumerate(_FIRST_WORDS) for word in words.split()}
_NO_FLAG = (0.0,) * 8
_BULLETS = ("\n- ", "\n* ", "\n• ", "\n1. ", "\n1) ")
_LONGEST_MEAN_WORD = 32.0

WORD_SHAPES = WordShapes()
"""What the words of all texts look like."""


# Not frozen: one or two are made at each call, and a frozen one takes several times as long to make.
@dataclass(slots=True)
class Shape:
    """A text taken apart, once for all that is read off its shape.

    Attributes:
        text: clipped.
        words: of the text before its options, as they stand.
        total: the sum of what is counted in these words, see `WordShapes`.
        counts: the same, unpacked.
        options: the lettered options; None if there are none.
    """

    text: str
    words: list[str]
    total: int
    counts: Counts
    options: Options | None
    _features: Sequence[float] | None = field(default=None, repr=False, compare=False)

    @classmethod
    def counted(cls, text: str, words: list[str], total: int, options: Options | None) -> Self:
        """Take the counts from the sum."""
        return cls(text, words, total, unpacked(total), options)

    @property
    def question(self) -> str:
        """The text before its options."""
        return self.text if self.options is None else self.text[: self.options.start]

    @property
    def features(self) -> Sequence[float]:
        """What is measured of the text: len(FEATURES) finite numbers, not standardised."""
        if self._features is None:
            self._features = self._measured()
        return self._features

    def _measured(self) -> list[float]:
        words, question = self.words, self.question
        # Unpacked once: a named field takes several times as long to read as a local name.
        (
            characters, long_words, stop_words, conjunctions, negations, polite_words, code_words,
            reasoning_words, mathematics_words, quantity_words, foreign_words, capitalised, all_capitals,
            numbers, digits, clauses, sentences, question_marks, brackets, operators, code_symbols, latex,
            quotes, apostrophes, non_ascii, addresses, symbols, _,
        ) = self.counts  # fmt: skip
        count = len(words)
        per_word, per_character = 1.0 / (count or 1), 1.0 / (characters or 1)
        lines = question.count("\n")
        end = _end(words[-1]) if count else " "
        return [
            log1p(characters),
            log1p(count),
            log1p(lines),
            log1p(question.count("\n\n")) if lines else 0.0,
            log1p(sentences),
            log1p(clauses),
            min(characters * per_word, _LONGEST_MEAN_WORD),
            log1p(count / (sentences or 1)),
            log1p(count / (lines + 1)),
            long_words * per_word,
            len(set(words)) * per_word,
            stop_words * per_word,
            log1p(conjunctions),
            conjunctions * per_word,
            log1p(negations),
            log1p(polite_words),
            log1p(code_words),
            code_words * per_word,
            log1p(reasoning_words),
            reasoning_words * per_word,
            log1p(mathematics_words),
            log1p(quantity_words),
            foreign_words * per_word,
            capitalised * per_word,
            all_capitals * per_word,
            log1p(numbers),
            numbers * per_word,
            log1p(digits),
            digits * per_character,
            digits / (numbers or 1),
            log1p(_distinct_numbers(words)) if numbers else 0.0,
            log1p(question_marks),
            log1p(brackets),
            brackets * per_character,
            log1p(operators),
            operators * per_character,
            log1p(code_symbols),
            code_symbols * per_character,
            log1p(latex),
            log1p(quotes),
            log1p(apostrophes),
            non_ascii * per_character,
            log1p(addresses),
            log1p(symbols),
            log1p(question.count("```")) if lines else 0.0,
            log1p(sum(map(question.count, _BULLETS))) if lines else 0.0,
            float(end in "?？؟"),
            float(end in ":："),
            float(end in ".。।"),
            float(count > 0 and words[0][0].islower()),
            *(_FLAGS.get(core_of(words[0]), _NO_FLAG) if count else _NO_FLAG),
            *(_option_features(self.text, self.options) if self.options is not None else (0.0, 0.0, 0.0)),
        ]


@lru_cache(maxsize=2)  # a router and the one that it was made from read the same text, one after the other
def shape_of(text: str) -> Shape:
    """Take a text apart, of any length and script."""
    read = clipped(text)
    options = options_of(read)
    words = (read if options is None else read[: options.start]).split()
    return Shape.counted(read, words, WORD_SHAPES.total(words), options)


def _end(word: str) -> str:
    last = len(word) - 1
    while last > 0 and not word[last].isascii() and is_symbol(word[last]):
        last -= 1
    return word[last]


def _distinct_numbers(words: list[str]) -> int:
    return sum(any(map(str.isdigit, word)) for word in set(words) if not word.isalpha())


def _option_features(text: str, options: Options) -> tuple[float, float, float]:
    listed = text[options.start :]
    digits = sum(map(str.isdigit, listed))
    return log1p(options.count), log1p(len(listed) / options.count), digits / len(listed)
