"""From battles and labels to training rows: which count, and what they say."""

from typing import Any

import pytest

from routellm_core.preferences.reading.battles import Battle, Winner
from routellm_core.preferences.reading.labels import Label
from routellm_core.preferences.reading.records import DataError
from routellm_core.training.fine_tuning.rows import (
    LabelledPrompt,
    ModelClasses,
    read_outcomes,
    read_weak_qualities,
)

CLASSES = ModelClasses(("big", "large"), ("small", "tiny"))


def rated(prompt: str, quality: int) -> LabelledPrompt:
    return LabelledPrompt(prompt, quality - 1)


def battle(model_a: str, model_b: str, winner: Winner, prompt: str = "Why?") -> Battle:
    return Battle(prompt, model_a, model_b, winner)


BATTLES = [
    battle("big", "small", "model_a", "one"),
    battle("tiny", "large", "model_a", "two"),
    battle("small", "large", "tie", "three"),
    battle("big", "large", "model_a", "same side"),
    battle("small", "other", "model_a", "another model"),
    battle("tiny", "big", "model_b", "four"),
]
LABELS = [
    Label("five", {"big": 5, "large": 3, "small": 4, "other": 1}),
    Label("six", {"big": 2, "tiny": 3}),
    Label("one side", {"tiny": 3}),
    Label("seven", {"large": 3, "small": 1, "tiny": 2}),
]


def test_outcomes_are_seen_from_the_strong_side() -> None:
    assert read_outcomes(BATTLES, LABELS, CLASSES) == [
        LabelledPrompt("one", 0),
        LabelledPrompt("two", 2),
        LabelledPrompt("three", 1),
        LabelledPrompt("four", 0),
        LabelledPrompt("five", 1),
        LabelledPrompt("six", 2),
        LabelledPrompt("seven", 0),
    ]


def test_qualities_are_the_weak_sides() -> None:
    assert read_weak_qualities(BATTLES, LABELS, CLASSES) == [
        rated("one", 2),
        rated("two", 5),
        rated("three", 4),
        rated("four", 2),
        rated("five", 4),
        rated("six", 3),
        rated("one side", 3),
        rated("seven", 2),
    ]


def test_right_and_wrong_become_five_and_one() -> None:
    labels = [Label(str(n), {"small": score, "big": 1}) for n, score in enumerate((0, 1, 0.5, 0.25))]

    assert [row.label + 1 for row in read_weak_qualities([], labels, CLASSES_OF_PAIR)] == [1, 5, 3, 2]


CLASSES_OF_PAIR = ModelClasses(("big",), ("small",))


@pytest.mark.parametrize("scores", [(0, 3), (2, 7), (-1, 1)])
def test_another_scale_is_refused(scores: Any) -> None:
    labels = [Label("x", {"small": score, "big": 1}) for score in scores]
    with pytest.raises(DataError, match=r"range from -?\d to \d, expected 1 to 5 or 0 to 1"):
        read_weak_qualities([], labels, CLASSES_OF_PAIR)


@pytest.mark.parametrize("read", [read_outcomes, read_weak_qualities])
def test_a_name_that_occurs_nowhere_is_named(read: Any) -> None:
    with pytest.raises(DataError, match=r"weak is 'smal', which occurs nowhere: known are \['big', 'large'"):
        read(BATTLES, LABELS, ModelClasses(("big",), ("small", "smal")))


@pytest.mark.parametrize("read", [read_outcomes, read_weak_qualities])
@pytest.mark.parametrize(
    ("winners", "message"),
    [
        (("model_b", "tie"), "the strong side wins none of 2 comparisons of strong 'big' and weak 'small'"),
        (("model_a", "model_a"), "the strong side wins all of .*: nothing distinguishes the prompts"),
        ((), "no battle or label compares strong 'big' and weak 'small'"),
    ],
)
def test_a_side_that_never_or_always_wins_is_refused(read: Any, winners: Any, message: str) -> None:
    battles = [battle("big", "small", winner) for winner in winners]
    battles += [battle("big", "large", "tie"), battle("small", "tiny", "tie")]
    with pytest.raises(DataError, match=message):
        read(battles, [], CLASSES_OF_PAIR)


@pytest.mark.parametrize(
    ("strong", "weak", "message"),
    [
        ("big,small", "small", r"\['small'\] is given as strong and as weak"),
        ("big,", "small", "strong is 'big, ', expected names"),
        ("big", "", "weak is '', expected names"),
    ],
)
def test_classes_are_disjoint_and_named(strong: str, weak: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        ModelClasses.from_lists(strong, weak)
    assert ModelClasses.from_lists("a, b", "c") == ModelClasses(("a", "b"), ("c",))
