"""The check: how often it is wrong when somebody looks after every 20 grades, and what it says."""

import math
from collections.abc import Callable

import numpy as np
import pytest

from routellm_core.calibration.promise import Promise, check_promise

Draw = Callable[[np.random.Generator, int], tuple[np.ndarray, np.ndarray]]

GRADES = 300
LOOK = 20
CONFIDENCE = 0.9


def right_or_wrong(rng: np.random.Generator, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Weak is wrong more often: a loss of 0.15."""
    return (rng.random(count) < 0.7).astype(float), (rng.random(count) < 0.85).astype(float)


def rare(rng: np.random.Generator, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Both are right but for one call in fifty, which weak loses."""
    return (rng.random(count) >= 0.02).astype(float), np.ones(count)


def graded(rng: np.random.Generator, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Grades between 0 and 1, weak a little lower: a loss of 0.08."""
    strong = rng.beta(8, 2, count)
    return strong * (1.0 - 0.2 * rng.random(count)), strong


CASES: list[tuple[Draw, float, int]] = [
    (right_or_wrong, 0.15, 2000),
    (rare, 0.02, 400),
    (graded, 0.08, 400),
]


@pytest.mark.parametrize(("draw", "loss", "simulations"), CASES)
def test_peeking_after_every_20_grades_is_wrong_no_more_often_than_it_says(
    draw: Draw, loss: float, simulations: int
) -> None:
    rng = np.random.default_rng(11)
    share = 0.7
    missed = 0
    for _ in range(simulations):
        weak, strong = draw(rng, GRADES)
        for grades in range(LOOK, GRADES + 1, LOOK):
            calls = 20 * grades  # the log grows while its calls are graded
            found = check_promise(
                weak[:grades],
                strong[:grades],
                int(rng.binomial(calls, share)),
                calls,
                max_loss=None,
                confidence=CONFIDENCE,
            )
            if not found.on_all.low <= share * loss <= found.on_all.high:
                missed += 1
                break
    two_errors = 2.0 * math.sqrt(CONFIDENCE * (1.0 - CONFIDENCE) / simulations)
    assert missed / simulations <= 1.0 - CONFIDENCE + two_errors


def checked(weak: np.ndarray, strong: np.ndarray, max_loss: float | None) -> Promise:
    return check_promise(weak, strong, 7000, 10_000, max_loss=max_loss)


def test_a_broken_promise_is_told_and_a_kept_one_too() -> None:
    weak, strong = right_or_wrong(np.random.default_rng(1), 1000)
    assert checked(weak, strong, 0.02).verdict == "broken"
    assert checked(weak, strong, 0.2).verdict == "kept"
    assert checked(weak, strong, None).verdict is None


def test_few_grades_leave_it_open_and_say_how_many_it_takes() -> None:
    weak, strong = right_or_wrong(np.random.default_rng(2), 40)
    found = checked(weak, strong, 0.05)
    assert found.verdict == "open"
    assert found.needed is not None
    repeated = [np.resize(values, found.needed) for values in (weak, strong)]
    assert checked(*repeated, 0.05).verdict != "open"


def test_without_grades_nothing_is_known() -> None:
    found = checked(np.empty(0), np.empty(0), 0.02)
    assert (found.graded, found.loss, found.verdict, found.needed) == (0, None, "open", None)
    assert (found.on_weak.low, found.on_weak.high) == (-1.0, 1.0)


@pytest.mark.parametrize(
    ("weak", "calls", "confidence", "message"),
    [
        (1.5, 10, 0.9, "outside the grader's scale of 0 to 1"),
        (0.5, 0, 0.9, "nothing to check"),
        (0.5, 10, 1.0, "expected a number above 0 and below 1"),
    ],
)
def test_bad_input_is_refused(weak: float, calls: int, confidence: float, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        check_promise(
            np.array([weak]),
            np.array([0.5]),
            min(5, calls),
            calls,
            max_loss=0.1,
            confidence=confidence,
        )
