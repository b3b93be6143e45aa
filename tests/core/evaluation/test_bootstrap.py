"""Intervals: they cover what they should, shrink with more prompts, and are a point where nothing varies."""

import numpy as np
import pytest

from routellm_core.evaluation.bootstrap import GRID, chance_interval, curve_intervals, threshold_interval
from routellm_core.evaluation.metrics import apgr, cpt, pgr_curve


def draw(rng: np.random.Generator, n: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    scores = np.round(rng.random(n), 2)
    weak = (rng.random(n) < 0.5).astype(float)
    strong = np.maximum(weak, rng.random(n) < 0.4 + 0.4 * scores)
    return scores, weak, strong


def test_the_intervals_cover_the_values_and_shrink_with_more_prompts() -> None:
    rng = np.random.default_rng(1)

    def widths(n: int) -> tuple[float, float]:
        arrays = draw(rng, n)
        found = curve_intervals(*arrays)
        assert found.apgr[0] < apgr(*arrays) < found.apgr[1]
        assert found.cpt[0.5][0] < cpt(*arrays, 0.5) < found.cpt[0.5][1]
        low, high = found.band
        middle = np.interp(GRID, *pgr_curve(*arrays))
        assert ((low <= middle + 1e-9) & (middle - 1e-9 <= high)).all()
        assert (low[-1], high[-1]) == (pytest.approx(1.0), pytest.approx(1.0))
        return found.apgr[1] - found.apgr[0], found.cpt[0.5][1] - found.cpt[0.5][0]

    few, many = widths(60), widths(6000)
    assert many[0] < 0.25 * few[0]
    assert many[1] < 0.25 * few[1]


def test_the_apgr_interval_covers_the_truth_about_as_often_as_it_says() -> None:
    rng = np.random.default_rng(2)
    truth = apgr(*draw(rng, 400_000))
    covered = 0
    for _ in range(60):
        low, high = curve_intervals(*draw(rng, 200), confidence=0.9).apgr
        covered += low <= truth <= high

    # 54 expected, standard deviation 2.3
    assert covered >= 47


def test_the_interval_of_a_certain_curve_is_a_point() -> None:
    found = curve_intervals([0.5] * 10, [0.0] * 10, [1.0] * 10)
    assert found.apgr == (0.5, 0.5)
    assert found.cpt[0.2] == pytest.approx((0.2, 0.2))
    with pytest.raises(ValueError, match="confidence is 95"):
        curve_intervals([0.5], [0.0], [1.0], confidence=95)


def test_chance_varies_as_much_as_random_routers_do() -> None:
    gain = (np.arange(72) < 20).astype(float)
    low, high = chance_interval(gain)
    rng = np.random.default_rng(7)
    drawn = [apgr(rng.random(72), np.zeros(72), gain) for _ in range(500)]

    assert (low, high) == pytest.approx(np.quantile(drawn, [0.025, 0.975]), abs=0.03)
    few = chance_interval(np.tile([0.0, 1.0, 2.0, -1.0], 3), routers=4000)
    assert sum(few) / 2 == pytest.approx(0.5, abs=0.015)


def test_a_thresholds_interval_lies_around_what_it_recovers() -> None:
    rng = np.random.default_rng(3)
    gain = (rng.random(500) < 0.4).astype(float)
    gained = gain * (rng.random(500) < 0.7)
    low, high = threshold_interval(gained, gain)

    assert low < gained.sum() / gain.sum() < high
    assert 0.08 < high - low < 0.16  # 2·1.96·√(0.7·0.3/200) is 0.127
