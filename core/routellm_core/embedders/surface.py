"""SurfaceFeatures: what a prompt looks like - length, digits, symbols, options - as a standardised vector.

Differs from `static.py` in that it reads no vocabulary: any script and any domain has these features, and how
long or how numeric a question is tells much about how hard it is.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from math import log1p

import numpy as np
import numpy.typing as npt

from routellm_core.embedders.text import clipped

FEATURES = (
    "characters",  # log(1 + count) unless it says share, mean or flag
    "words",
    "digit_share",
    "numbers",
    "symbol_share",
    "symbols",
    "upper_share",
    "lines",
    "question_marks",
    "full_stops",
    "commas",
    "mean_word_length",
    "operators",
    "brackets",
    "currency_and_percent",
    "longest_number",
    "non_ascii_share",
    "quotes",
    "colons",
    "distinct_word_share",
    "options_flag",
    "mean_option_length",
    "option_digit_share",
)
"""The features, in the order of the vector. All but the last three describe the question without its lettered
options: the options of an exam say little about the question's length or numbers."""

CLIP = 3.0
"""Standard deviations beyond which a feature is cut: a freak text gets an extreme but bounded score."""

_NUMBER = re.compile(r"\d+")
_FIRST_OPTION = re.compile(r"\n[ \t]*\(?A[.):][ \t]")
_SECOND_OPTION = re.compile(r"\n[ \t]*\(?B[.):][ \t]")
_OPTION = re.compile(r"\n[ \t]*\(?[A-Z][.):][ \t]")
_CUE = re.compile(r"answer\s*:\s*$", re.IGNORECASE)

_DIGITS, _LETTERS, _UPPER, _SPACE, _LEAD, _CONTINUATION = range(6)
_OPERATORS, _BRACKETS, _CURRENCY, _QUOTES = range(6, 10)


# The bytes of each class, in the order of the names above; a class is counted by deleting it.
_CLASSES = (
    b"0123456789",
    bytes(range(65, 91)) + bytes(range(97, 123)),
    bytes(range(65, 91)),
    b" \t\n\r\f\v",
    bytes(range(0xC0, 0x100)),
    bytes(range(0x80, 0xC0)),
    b"=+-*/^<>",
    b"(){}[]",
    b"$%",
    b"\"'`",
)


def question_of(text: str) -> str:
    """Return the text before its lettered options ("A. ...", "B. ..."), or all of it where it has none."""
    first = _FIRST_OPTION.search(text) if "\n" in text else None
    if first and _SECOND_OPTION.search(text, first.end()):
        return text[: first.start()]
    return text


def asks_for_answer_at_once(text: str) -> bool:
    """Say whether the text ends with the cue "Answer:", which leaves a model no room to reason first."""
    return _CUE.search(text[-64:]) is not None


def raw_features(text: str) -> list[float]:
    """Measure one text: len(FEATURES) finite numbers, not standardised."""
    full_length = len(text)
    text = clipped(text)
    question = question_of(text)
    options = text[len(question) :]
    encoded = question.encode("utf-8")
    size = len(encoded)
    c = [size - len(encoded.translate(None, members)) for members in _CLASSES]
    length = len(question) + 1
    words = question.lower().split()
    numbers = _NUMBER.findall(question)
    non_ascii = c[_LEAD]
    symbols = len(question) - c[_DIGITS] - c[_LETTERS] - c[_SPACE] - non_ascii
    option_count = len(_OPTION.findall(options)) if options else 0
    option_digits = sum(map(len, _NUMBER.findall(options))) if options else 0
    return [
        log1p(full_length - len(options)),
        log1p(len(words)),
        c[_DIGITS] / length,
        log1p(len(numbers)),
        symbols / length,
        log1p(symbols),
        c[_UPPER] / length,
        log1p(question.count("\n")),
        log1p(question.count("?")),
        log1p(question.count(".")),
        log1p(question.count(",")),
        (c[_LETTERS] + non_ascii) / (len(words) + 1),
        log1p(c[_OPERATORS]),
        log1p(c[_BRACKETS]),
        log1p(c[_CURRENCY]),
        log1p(max(map(len, numbers), default=0)),
        non_ascii / length,
        log1p(c[_QUOTES]),
        log1p(question.count(":")),
        len(set(words)) / (len(words) + 1),
        float(option_count > 0),
        log1p(len(options) / option_count) if option_count else 0.0,
        option_digits / (len(options) + 1),
    ]


class SurfaceFeatures:
    """Standardises `raw_features`: (raw - centre) / spread, cut at ±`CLIP`."""

    def __init__(self, centre: npt.NDArray[np.float64], spread: npt.NDArray[np.float64]) -> None:
        """Store the mean and the standard deviation of each feature, each of shape (len(FEATURES),).

        Raises:
            ValueError: a shape does not fit `FEATURES`, or a spread is not above 0.
        """
        for name, values in (("centre", centre), ("spread", spread)):
            if values.shape != (len(FEATURES),):
                raise ValueError(f"{name} has shape {values.shape}, expected ({len(FEATURES)},).")
        if not (spread > 0).all():
            raise ValueError("spread holds a value that is not above 0.")
        self.centre = centre.astype(np.float64)
        self.spread = spread.astype(np.float64)
        self._standard: tuple[list[float], list[float]] = (self.centre.tolist(), self.spread.tolist())

    @classmethod
    def from_prompts(cls, prompts: Sequence[str]) -> SurfaceFeatures:
        """Take centre and spread from prompts; a feature that never varies keeps a spread of 1."""
        raw = np.array([raw_features(text) for text in prompts])
        spread = raw.std(axis=0)
        return cls(raw.mean(axis=0), np.where(spread > 1e-9, spread, 1.0))

    @property
    def dimension(self) -> int:
        """The number of features."""
        return len(FEATURES)

    def embed(self, prompts: Sequence[str]) -> npt.NDArray[np.float64]:
        """Return the standardised features, shape (n, len(FEATURES)), each in [-CLIP, CLIP]."""
        if not prompts:
            return np.zeros((0, self.dimension))
        raw = np.array([raw_features(text) for text in prompts])
        return np.clip((raw - self.centre) / self.spread, -CLIP, CLIP)

    def along(self, text: str, direction: Sequence[float]) -> float:
        """Return the text's features projected on a direction of length len(FEATURES), without an array."""
        total = 0.0
        for raw, centre, spread, weight in zip(raw_features(text), *self._standard, direction, strict=True):
            total += min(max((raw - centre) / spread, -CLIP), CLIP) * weight
        return total
