"""Verdict: a judge's verdict on two answers, parsed strictly, and what both orders' verdicts mean together.

A judge favours an answer for its place (position bias). Each pair is therefore judged twice, in both orders;
only a preference that survives the swap counts, and everything else is a tie.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from routellm_core.preferences.reading.battles import Winner

Preferred = Literal["first", "second", "tie"]

_LETTER = re.compile(r"\[\[([ABC])\]\]")
_GRADES = re.compile(r"\[\[A=([1-5]) B=([1-5])\]\]")
_LETTERS: dict[str, Preferred] = {"A": "first", "B": "second", "C": "tie"}


@dataclass(frozen=True)
class Verdict:
    """One judgement of two answers in one order.

    Attributes:
        preferred: the answer shown "first" or "second", or "tie".
        grades: of the first and the second answer, 1 (worst) to 5; None if none were asked for.
    """

    preferred: Preferred
    grades: tuple[int, int] | None = None


def parse_verdict(text: str, *, graded: bool = False) -> Verdict | None:
    """Read the last line of what a judge said; None if that line is not exactly a verdict.

    Args:
        text: the judge's whole answer.
        graded: expect grades, `[[A=4 B=2]]`, instead of a letter, `[[A]]`, `[[B]]` or `[[C]]` (tie).
    """
    last = text.rstrip().rpartition("\n")[2].strip()
    if graded:
        grades = _GRADES.fullmatch(last)
        if grades is None:
            return None
        first, second = int(grades[1]), int(grades[2])
        preferred: Preferred = "first" if first > second else "second" if second > first else "tie"
        return Verdict(preferred, (first, second))
    letter = _LETTER.fullmatch(last)
    return None if letter is None else Verdict(_LETTERS[letter[1]])


def combined_winner(in_order: Verdict, swapped: Verdict) -> Winner:
    """Return who won: model_a or model_b where both orders prefer it, else a tie.

    Args:
        in_order: the verdict with model_a's answer first.
        swapped: the verdict with model_b's answer first.
    """
    if (in_order.preferred, swapped.preferred) == ("first", "second"):
        return "model_a"
    if (in_order.preferred, swapped.preferred) == ("second", "first"):
        return "model_b"
    return "tie"


def combined_grades(in_order: Verdict, swapped: Verdict) -> tuple[float, float] | None:
    """Return the mean grades of model_a and model_b over both orders; None if there are none."""
    if in_order.grades is None or swapped.grades is None:
        return None
    return (in_order.grades[0] + swapped.grades[1]) / 2, (in_order.grades[1] + swapped.grades[0]) / 2
