"""SurfaceFeatures: what a prompt looks like - length, brackets, numbers, options - as a standardised vector.

Differs from `static.py` in that it reads no vocabulary: any script and any domain has these features, and how
long or how numeric a question is tells much about how hard it is.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from math import log1p

import numpy as np

from routellm_core.embedders.standardisation import CLIP, Standardisation, scale_of
from routellm_core.embedders.text import clipped
from routellm_core.logits import Floats

FEATURES = (
    "characters",  # log(1 + count) unless it says share, mean or flag
    "brackets",
    "currency_and_percent",
    "longest_number",  # its digits
    "non_ascii_share",
    "options_flag",
    "mean_option_length",
    "option_digit_share",
)
"""The features, in the order of the vector. All but the last three describe the question without its lettered
options: the options of an exam say little about the question's length or numbers."""

_NUMBER = re.compile(r"[0-9]+")
_FIRST_OPTION = re.compile(r"\n[ \t]*\(?A[.):][ \t]")
_SECOND_OPTION = re.compile(r"\n[ \t]*\(?B[.):][ \t]")
_OPTION = re.compile(r"\n[ \t]*\(?[A-Z][.):][ \t]")
_CUE = re.compile(r"answer\s*:\s*$", re.IGNORECASE)

# The bytes of each class: one is counted by deleting it.
_BRACKETS = b"(){}[]"
_CURRENCY = b"$%"
# Every digit becomes "0" and any other byte a blank, so that splitting leaves the numbers.
_DIGITS_ALONE = bytes(48 if 48 <= byte <= 57 else 32 for byte in range(256))


def question_of(text: str) -> str:
    """Return the text before its lettered options ("A. ...", "B. ..."), or all of it where it has none."""
    first = _FIRST_OPTION.search(text)
    if first and _SECOND_OPTION.search(text, first.end()):
        return text[: first.start()]
    return text


def asks_for_answer_at_once(text: str) -> bool:
    """Return whether the text ends with the cue "Answer:", which leaves a model no room to reason first."""
    return text.rstrip().endswith(":") and _CUE.search(text[-64:]) is not None


def raw_features(text: str) -> list[float]:
    """Measure one text: len(FEATURES) finite numbers, not standardised."""
    return _measured(clipped(text), len(text))


def _measured(text: str, full_length: int) -> list[float]:
    """Measure a text that is clipped already, of so many characters before that."""
    question = question_of(text) if "\n" in text else text
    options = text[len(question) :]
    encoded = question.encode("utf-8")
    size = len(encoded)
    return [
        log1p(full_length - len(options)),
        log1p(size - len(encoded.translate(None, _BRACKETS))),
        log1p(size - len(encoded.translate(None, _CURRENCY))),
        log1p(max(map(len, encoded.translate(_DIGITS_ALONE).split()), default=0)),
        0.0 if question.isascii() else _non_ascii(question) / (len(question) + 1),
        *(_option_features(options) if options else _NO_OPTIONS),
    ]


_NO_OPTIONS = (0.0, 0.0, 0.0)


def _option_features(options: str) -> tuple[float, float, float]:
    count = len(_OPTION.findall(options))
    digits = sum(map(len, _NUMBER.findall(options)))
    return 1.0, log1p(len(options) / count), digits / (len(options) + 1)


def _non_ascii(text: str) -> int:
    return len(text) - len(text.encode("ascii", "ignore"))


class SurfaceFeatures(Standardisation):
    """Standardises `raw_features`, each of which is in [-CLIP, CLIP] then."""

    def __init__(self, centre: Floats, spread: Floats) -> None:
        """Store the mean and the standard deviation of each feature, each of shape (len(FEATURES),).

        Raises:
            ValueError: a shape does not fit `FEATURES`, or a spread is not above 0.
        """
        super().__init__(centre, spread, len(FEATURES))

    @classmethod
    def from_prompts(cls, prompts: Sequence[str]) -> SurfaceFeatures:
        """Take centre and spread from prompts; a feature that never varies keeps a spread of 1."""
        return cls(*scale_of(np.array([raw_features(text) for text in prompts])))

    def embed(self, prompts: Sequence[str]) -> Floats:
        """Return the standardised features, shape (n, len(FEATURES)), each in [-CLIP, CLIP]."""
        if not prompts:
            return np.zeros((0, self.dimension))
        return self.standardised(np.array([raw_features(text) for text in prompts]))

    def folded(self, direction: Sequence[float]) -> SurfaceFold:
        """Return the function (clipped text, full length) -> embed([text])[0] · direction.

        The direction has one number a feature.
        """
        centre, spread = self.centre.tolist(), self.spread.tolist()
        rows = tuple(
            (middle - CLIP * width, middle + CLIP * width, weight / width)
            for middle, width, weight in zip(centre, spread, direction, strict=True)
        )
        return SurfaceFold(
            rows, -sum(middle * slope for middle, (_, _, slope) in zip(centre, rows, strict=True))
        )


@dataclass(frozen=True, slots=True)
class SurfaceFold:
    """A text's standardised features projected on one direction, in plain numbers.

    Attributes:
        rows: for each feature, the raw values where it is cut, and the weight of a raw value.
        constant: what the centres add up to.
    """

    rows: tuple[tuple[float, float, float], ...]
    constant: float

    def __call__(self, text: str, full_length: int) -> float:
        """Return the projection of one text's features: it is clipped, and was so many characters long."""
        total = self.constant
        for raw, (low, high, slope) in zip(_measured(text, full_length), self.rows, strict=True):
            total += slope * (low if raw < low else high if raw > high else raw)
        return total
