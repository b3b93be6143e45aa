"""Golden labels: graded by a key instead of a vote (paper, section 4.2: D_gold)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from os import PathLike
from typing import TYPE_CHECKING, Any

from routellm_core.preferences.grading.grading import grade_choice, grade_exact, grade_numeric, grade_tests
from routellm_core.preferences.reading.labels import Label
from routellm_core.preferences.reading.options import NO_OPTIONS, ReadingOptions
from routellm_core.preferences.reading.records import Record
from routellm_core.preferences.reading.sifting import Sifted, sift

if TYPE_CHECKING:
    import pandas

_GRADERS: dict[str, Callable[[str, Any], float | None]] = {
    "choice": grade_choice,
    "exact": grade_exact,
    "numeric": grade_numeric,
}

KINDS = (*_GRADERS, "tests")
"""How answers are graded, see `grading.py`."""


@dataclass(frozen=True)
class GoldenLabels:
    """Labels from graded answers.

    Attributes:
        sifted: the labels, and the rows that could not be graded with their reasons.
        unparsed: model -> number of its texts without an answer; each scores 0.
    """

    sifted: Sifted[Label]
    unparsed: Mapping[str, int]


def golden_labels(
    source: str | PathLike[str] | pandas.DataFrame, kind: str, options: ReadingOptions = NO_OPTIONS
) -> GoldenLabels:
    """Grade every model's answer to every prompt.

    A row has prompt, expected (or answer), and answers, an object of model -> text; for "tests" there is no
    expected, and answers (or results) is an object of model -> test results. A row in which a model has no
    answer at all (null) is rejected, not graded as wrong.

    Args:
        source: a file in any format that holds objects, such as JSON Lines, or a pandas frame.
        kind: one of `KINDS`.
        options: how to read the file.

    Raises:
        DataError: the source as a whole can't be read, or no row of it can be graded.
        ValueError: `kind` is unknown.
    """
    if kind not in KINDS:
        raise ValueError(f"kind is {kind!r}, expected one of {', '.join(KINDS)}.")
    unparsed: Counter[str] = Counter()

    def make(record: Record) -> Label:
        scores = _scores(record, kind)
        category = record.values.get("category")
        label = Label(
            record.text("prompt"),
            {model: score or 0.0 for model, score in scores.items()},
            category if isinstance(category, str) else "",
        )
        unparsed.update(model for model, score in scores.items() if score is None)
        return label

    return GoldenLabels(sift(source, make, "graded answer", options), unparsed)


def _scores(record: Record, kind: str) -> dict[str, float | None]:
    field = "results" if kind == "tests" and "answers" not in record.values else "answers"
    answers = record.values.get(field)
    if not isinstance(answers, dict) or not answers:
        record.refuse(field, "an object of model -> answer")
    return {str(model): _score(record, kind, field, answer) for model, answer in answers.items()}


def _score(record: Record, kind: str, field: str, answer: object) -> float | None:
    if kind == "tests":
        try:
            return grade_tests(answer)
        except ValueError as error:
            return record.refuse(field, f"test results of each model: {error}")
    if not isinstance(answer, str):
        record.refuse(field, "text of each model")
    key_field = "expected" if "expected" in record.values else "answer"
    key = record.values.get(key_field)
    try:
        return _GRADERS[kind](answer, _key(key, kind))
    except ValueError as error:
        return record.refuse(key_field, str(error))


def _key(key: object, kind: str) -> object:
    number = isinstance(key, int | float) and not isinstance(key, bool)
    if kind == "exact" and isinstance(key, list) and all(isinstance(text, str) for text in key):
        return key
    # 42 is a valid key for an exact match too: it means "42".
    return key if isinstance(key, str) or (kind == "numeric" and number) else str(key) if number else ""
