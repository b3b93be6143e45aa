"""The guarantee: how often it is broken, what it costs in strong calls, and what is refused."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from routellm_core.calibration.certificate import certifiable_share, certify
from routellm_core.calibration.target import QualityTarget

Arrays = tuple[np.ndarray, np.ndarray, np.ndarray]
Population = Callable[[np.random.Generator, int], Arrays]

SIMULATIONS = 2000
CONFIDENCE = 0.9
ALLOWED = 1.0 - CONFIDENCE + 2.0 * math.sqrt(CONFIDENCE * (1.0 - CONFIDENCE) / SIMULATIONS)
"""The promised rate of violations, and two standard errors."""


def steady(rng: np.random.Generator, n: int) -> Arrays:
    """Weak gets worse with the score, as it should."""
    scores = rng.random(n)
    return scores, (rng.random(n) < 0.9 - 0.5 * scores).astype(float), (rng.random(n) < 0.85).astype(float)


def stepped(rng: np.random.Generator, n: int) -> Arrays:
    """Three scores: the first may go to weak, the second misses a loss of 0.05 by a hair."""
    scores = rng.choice([0.2, 0.5, 0.8], n, p=[0.3, 0.3, 0.4])
    lost = np.where(scores == 0.2, 0.0, np.where(scores == 0.5, 0.051 / 0.3, 0.5))
    return scores, (rng.random(n) >= lost).astype(float), np.ones(n)


def misled(rng: np.random.Generator, n: int) -> Arrays:
    """A router that is wrong at the bottom: weak fails where it is trusted first, and is better elsewhere."""
    scores = rng.random(n)
    weak = (rng.random(n) < np.where(scores < 0.3, 0.4, 0.75)).astype(float)
    return scores, weak, (rng.random(n) < 0.6).astype(float)


def graded(rng: np.random.Generator, n: int) -> Arrays:
    """Qualities between 0 and 1, and only ten scores."""
    scores = np.round(rng.random(n), 1)
    strong = rng.beta(8, 2, n)
    return scores, strong * (1.0 - 0.5 * scores * rng.random(n)), strong


CASES = [
    (steady, QualityTarget("max_loss", 0.1), 150),
    (stepped, QualityTarget("max_loss", 0.05), 300),
    (misled, QualityTarget("max_loss", 0.05), 200),
    (steady, QualityTarget("quality", 0.85), 150),
    (graded, QualityTarget("quality", 0.9), 200),
    (steady, QualityTarget("gap", 0.5), 200),
]


@pytest.mark.parametrize(("population", "target", "labels"), CASES)
def test_the_promise_is_broken_no_more_often_than_it_says(
    population: Population, target: QualityTarget, labels: int
) -> None:
    scores, weak, strong = population(np.random.default_rng(99), 200_000)
    order = np.argsort(scores, kind="stable")
    kept, moved = target.values(strong, weak, strong), target.values(weak, weak, strong)
    # (n + 1,): the true mean of the target's values where the k lowest scores go to weak
    truth = (kept.sum() + np.concatenate([[0.0], np.cumsum((moved - kept)[order])])) / len(scores)
    rng = np.random.default_rng(1)
    broken = certified = 0
    for _ in range(SIMULATIONS):
        try:
            found = certify(*population(rng, labels), target, confidence=CONFIDENCE)
        except ValueError:
            continue  # fewer labels than needed: nothing was promised
        to_weak = int(np.searchsorted(scores[order], found.threshold))
        broken += to_weak > 0 and truth[to_weak] < 0.0
        certified += to_weak > 0

    assert broken / SIMULATIONS <= ALLOWED
    # and it is no empty promise
    assert certified >= 0.3 * SIMULATIONS


def test_more_labels_certify_fewer_strong_calls() -> None:
    rng = np.random.default_rng(0)
    target = QualityTarget("max_loss", 0.05)
    shares = [certify(*steady(rng, n), target).strong_share for n in (200, 800, 6000)]

    assert shares[0] > shares[1] > shares[2]
    # with certainty, 44 % would go to strong
    assert 0.44 < shares[2] < 0.56


def test_the_certificate_says_what_was_found() -> None:
    arrays = steady(np.random.default_rng(4), 1000)
    found = certify(*arrays, QualityTarget("max_loss", 0.05))
    scores, weak, strong = arrays
    routed = np.where(scores < found.threshold, weak, strong)

    assert found.routed_quality == pytest.approx(routed.mean())
    assert found.strong_share == pytest.approx(1 - (scores < found.threshold).mean())
    assert (found.weak_quality, found.strong_quality) == (weak.mean(), strong.mean())
    assert routed.mean() > strong.mean() - 0.05
    assert not found.weak_is_enough
    statement = found.statement("small", "big")
    assert statement.startswith(
        "With probability at least 90% over the draw of these 1,000 labelled prompts, mean quality by this "
        "grader on new prompts from the same source is at least that of big alone minus 0.05 points; this"
    )


def test_where_weak_is_as_good_it_is_enough() -> None:
    rng = np.random.default_rng(5)
    scores, same = rng.random(500), np.ones(500)
    found = certify(scores, same, same, QualityTarget("max_loss", 0.02))

    assert found.weak_is_enough
    assert (scores < found.threshold).all()
    assert found.strong_share == 0.0


def test_where_nothing_can_be_certified_all_goes_to_strong() -> None:
    target = QualityTarget("max_loss", 0.05)
    needed = certify(SCORES, WEAK, STRONG, target).labels_needed
    found = certify(SCORES[:needed], WEAK[:needed], STRONG[:needed], target)

    assert (found.threshold, found.strong_share, found.prompts) == (0.0, 1.0, needed)


def test_equal_scores_are_certified_together() -> None:
    scores = np.tile([0.2, 0.8], 300)
    found = certify(scores, np.tile([1.0, 0.0], 300), np.ones(600), QualityTarget("max_loss", 0.05))

    assert (found.threshold, found.strong_share) == (0.8, 0.5)


def test_a_loss_is_in_points_of_the_graders_scale() -> None:
    rng = np.random.default_rng(6)
    scores, weak, strong = steady(rng, 1000)
    small = certify(scores, weak, strong, QualityTarget("max_loss", 0.05))
    large = certify(scores, 1 + 9 * weak, 1 + 9 * strong, QualityTarget("max_loss", 0.45), scale=(1.0, 10.0))

    assert large.strong_share == pytest.approx(small.strong_share)


def test_the_share_for_other_numbers_of_labels_is_near_what_they_certify() -> None:
    rng = np.random.default_rng(7)
    target = QualityTarget("max_loss", 0.05)
    few, many = (certifiable_share(*steady(rng, 1000), target, labels) for labels in (400, 1600))
    certified = np.median([certify(*steady(rng, 400), target).strong_share for _ in range(40)])

    assert many < few < 1.0
    assert few == pytest.approx(certified, abs=0.12)
    assert certifiable_share(*steady(rng, 1000), target, 20) == 1.0


SCORES, WEAK, STRONG = np.linspace(0.1, 0.9, 300), np.zeros(300), np.ones(300)


@pytest.mark.parametrize(
    ("arrays", "settings", "message"),
    [
        (
            (SCORES[:50], WEAK[:50], STRONG[:50]),
            {},
            r"50 labels are fewer than needed: .* takes about 152 labels",
        ),
        ((np.full(300, 0.5), WEAK, STRONG), {}, "every score is 0.5: no threshold separates these prompts"),
        ((SCORES, WEAK[:3], STRONG), {}, r"weak has shape \(3,\), expected \(300,\)"),
        ((SCORES, WEAK, 9 * STRONG), {}, r"quality of the strong model is 9, outside .*--scale LOW HIGH"),
        ((SCORES, WEAK * math.nan, STRONG), {}, "quality of the weak model is nan"),
        (
            (SCORES, WEAK, STRONG),
            {"confidence": 1.0},
            "confidence is 1.0, expected a number above 0 and",
        ),
        ((SCORES, WEAK, STRONG), {"confidence": 90}, "confidence is 90"),
        ((SCORES, WEAK, STRONG), {"scale": (1.0, 1.0)}, "scale is 1 to 1"),
        ((SCORES * 9, WEAK, STRONG), {}, "scores holds a value that is not a number in"),
    ],
)
def test_what_certifies_nothing_is_refused(arrays: Any, settings: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        certify(*arrays, QualityTarget("max_loss", 0.02), **settings)


def test_a_gap_needs_a_better_strong_model_and_a_ratio_a_scale_from_zero() -> None:
    with pytest.raises(ValueError, match="there is no gap to keep"):
        certify(SCORES, STRONG, WEAK, QualityTarget("gap", 0.8))
    with pytest.raises(ValueError, match="use max_loss"):
        certify(SCORES, WEAK, STRONG, QualityTarget("quality", 0.8), scale=(-1.0, 1.0))
