"""From battles and labels to training rows: which count, what they say, what is held out."""

from typing import Any

import numpy as np
import pytest

from routellm_core.preferences.reading.battles import Battle, Winner
from routellm_core.preferences.reading.labels import Label
from routellm_core.preferences.reading.records import DataError
from routellm_core.training.fine_tuning.model_classes import ModelClasses
from routellm_core.training.fine_tuning.outcomes import Outcome, read_outcomes
from routellm_core.training.fine_tuning.settings import FineTuningRows, FineTuningSettings
from routellm_core.training.fine_tuning.weak_quality import WeakQuality, read_weak_qualities
from routellm_core.training.held_out import held_out

CLASSES = ModelClasses(("big", "large"), ("small", "tiny"))


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
        Outcome("one", 0),
        Outcome("two", 2),
        Outcome("three", 1),
        Outcome("four", 0),
        Outcome("five", 1),
        Outcome("six", 2),
        Outcome("seven", 0),
    ]


def test_qualities_are_the_weak_sides() -> None:
    assert read_weak_qualities(BATTLES, LABELS, CLASSES) == [
        WeakQuality("one", 2),
        WeakQuality("two", 5),
        WeakQuality("three", 4),
        WeakQuality("four", 2),
        WeakQuality("five", 4),
        WeakQuality("six", 3),
        WeakQuality("one side", 3),
        WeakQuality("seven", 2),
    ]


def test_right_and_wrong_become_five_and_one() -> None:
    labels = [Label(str(n), {"small": score, "big": 1}) for n, score in enumerate((0, 1, 0.5, 0.25))]

    assert [row.quality for row in read_weak_qualities([], labels, CLASSES_OF_PAIR)] == [1, 5, 3, 2]


CLASSES_OF_PAIR = ModelClasses(("big",), ("small",))


@pytest.mark.parametrize("scores", [(0, 3), (2, 7), (-1, 1)])
def test_another_scale_is_refused(scores: Any) -> None:
    labels = [Label("x", {"small": score, "big": 1}) for score in scores]
    with pytest.raises(DataError, match=r"reach from -?\d to \d, expected 1 to 5 or 0 to 1"):
        read_weak_qualities([], labels, CLASSES_OF_PAIR)


@pytest.mark.parametrize("read", [read_outcomes, read_weak_qualities])
def test_a_name_that_occurs_nowhere_is_named(read: Any) -> None:
    with pytest.raises(DataError, match=r"weak is 'smal', which occurs nowhere: known are \['big', 'large'"):
        read(BATTLES, LABELS, ModelClasses(("big",), ("small", "smal")))


@pytest.mark.parametrize("read", [read_outcomes, read_weak_qualities])
@pytest.mark.parametrize(
    ("winners", "message"),
    [
        (("model_b", "tie"), "of 2 comparisons of strong 'big' and weak 'small' the strong side wins none"),
        (("model_a", "model_a"), "the strong side wins all: there is nothing to tell prompts apart by"),
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
        ("big,small", "small", r"\['small'\] is among the strong and the weak models"),
        ("big,", "small", "strong is 'big, ', expected names"),
        ("big", "", "weak is '', expected names"),
    ],
)
def test_classes_are_disjoint_and_named(strong: str, weak: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        ModelClasses.from_lists(strong, weak)
    assert ModelClasses.from_lists("a, b", "c") == ModelClasses(("a", "b"), ("c",))


def test_a_prompt_is_held_out_with_all_its_rows_whatever_the_order() -> None:
    prompts = [f"prompt {n % 50}" for n in range(300)]
    chosen = held_out(prompts, 0.2, seed=3)
    sides = {
        prompt: {bool(c) for p, c in zip(prompts, chosen, strict=True) if p == prompt} for prompt in prompts
    }

    assert all(len(side) == 1 for side in sides.values())
    assert sum(side == {True} for side in sides.values()) == 10
    assert held_out(prompts[::-1], 0.2, seed=3).tolist() == chosen[::-1].tolist()
    assert held_out(prompts, 0.2, seed=4).tolist() != chosen.tolist()


def test_one_prompt_can_not_be_split() -> None:
    assert sorted(held_out(["a", "b"], 0.001, 0).tolist()) == [False, True]
    assert sorted(held_out(["a", "b"], 0.999, 0).tolist()) == [False, True]
    with pytest.raises(DataError, match="holds 1 distinct prompts, expected at least 2"):
        held_out(["a", "a"], 0.5, 0)
    with pytest.raises(ValueError, match=r"held-out share is 1\.0, expected a number above 0 and below 1"):
        held_out(["a", "b"], 1.0, 0)


def test_the_constant_loss_is_that_of_the_frequencies() -> None:
    train = FineTuningRows([[1]] * 7, [0, 0, 0, 0, 1, 1, 2])
    other = FineTuningRows([[1]] * 2, [0, 2])

    assert train.constant_loss(other) == pytest.approx(-(np.log(5 / 10) + np.log(2 / 10)) / 2)
    assert train.constant_loss(FineTuningRows([[1]], [4])) == pytest.approx(-np.log(1 / 11))


def test_rows_that_differ_have_another_digest() -> None:
    rows = [
        FineTuningRows([[1, 2], [3]], [0, 1]),
        FineTuningRows([[1], [2, 3]], [0, 1]),
        FineTuningRows([[1, 2], [3]], [1, 1]),
    ]

    assert len({row.digest() for row in rows}) == 3


@pytest.mark.parametrize("field", ["max_steps", "batch_size", "interval", "patience", "learning_rate"])
def test_settings_below_their_least_are_refused(field: str) -> None:
    with pytest.raises(ValueError, match=f"{field} is 0"):
        FineTuningSettings(**{field: 0})
