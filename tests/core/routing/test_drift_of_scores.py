"""Traffic that has left the calibrated range: told once, by the distribution of its scores."""

import json
import warnings

import numpy as np
import pytest

from routellm_core import Decision
from routellm_core.routing.drift import DRIFT_CALLS, ExpectedTraffic, ScoreDriftWarning, ShareDriftWarning
from routellm_core.routing.routing_counter import RoutingCounter

QUANTILES = tuple(np.linspace(0.3, 0.7, 101).tolist())


def scored(counter: RoutingCounter, scores: np.ndarray, threshold: float = 0.5) -> list[type[Warning]]:
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        for score in scores.tolist():
            route = "strong" if score >= threshold else "weak"
            counter.count(Decision(route, score, threshold, "score", "default"))  # type: ignore[arg-type]
    return [warning.category for warning in warned]


def uniform(low: float, high: float, n: int = 1000, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).uniform(low, high, n)


@pytest.mark.parametrize("seed", range(10))
def test_traffic_like_the_calibration_is_left_in_peace(seed: int) -> None:
    counter = RoutingCounter(expected=ExpectedTraffic(0.5, 0.5, QUANTILES, calibrated=True))

    assert scored(counter, uniform(0.3, 0.7, 3000, seed)) == []
    shift = counter.snapshot().score_shift
    assert shift is not None
    assert shift < 0.06


@pytest.mark.parametrize(("low", "high"), [(0.0, 0.3), (0.7, 1.0), (0.45, 0.55), (0.3, 0.5), (0.4, 0.8)])
def test_traffic_that_has_left_the_range_is_told(low: float, high: float) -> None:
    counter = RoutingCounter(expected=ExpectedTraffic(None, 0.5, QUANTILES, calibrated=True))

    assert scored(counter, uniform(low, high, 1000)) == [ScoreDriftWarning]
    # F(x) = (x − 0.3) / 0.4 against (x − low) / (high − low): where they differ most
    grid = np.linspace(0.0, 1.0, 1001)
    expected = np.abs(np.clip((grid - 0.3) / 0.4, 0, 1) - np.clip((grid - low) / (high - low), 0, 1)).max()
    assert counter.snapshot().score_shift == pytest.approx(expected, abs=0.06)


def test_scores_all_above_the_range_are_seen_too() -> None:
    counter = RoutingCounter(expected=ExpectedTraffic(None, 0.5, (0.3,) * 101, calibrated=True))

    assert scored(counter, np.full(300, 0.9)) == [ScoreDriftWarning]
    assert counter.snapshot().score_shift == 1.0
    same = RoutingCounter(expected=ExpectedTraffic(None, 0.5, (0.3,) * 101, calibrated=True))
    assert scored(same, np.full(300, 0.3)) == []
    assert same.snapshot().score_shift == 0.0


def test_few_calls_are_not_judged() -> None:
    counter = RoutingCounter(expected=ExpectedTraffic(None, 0.5, QUANTILES, calibrated=True))

    assert scored(counter, np.full(DRIFT_CALLS - 1, 0.9)) == []
    assert scored(counter, np.full(1, 0.9)) == [ScoreDriftWarning]


def test_shipped_quantiles_are_told_and_not_warned_of() -> None:
    counter = RoutingCounter(expected=ExpectedTraffic(None, 0.5, QUANTILES))

    assert scored(counter, np.full(1000, 0.9)) == []
    snapshot = counter.snapshot()
    assert snapshot.score_shift == 1.0
    assert json.loads(json.dumps(snapshot.to_dict()))["score_shift"] == 1.0


def test_without_a_known_distribution_there_is_no_shift() -> None:
    counter = RoutingCounter()

    assert scored(counter, uniform(0.0, 1.0)) == []
    assert counter.snapshot().score_shift is None


def test_calls_with_a_threshold_of_their_own_say_nothing_of_the_share() -> None:
    counter = RoutingCounter(expected=ExpectedTraffic(0.5, 0.5))

    assert scored(counter, uniform(0.3, 0.7), threshold=0.9) == []
    assert counter.snapshot().scored_share == 0.0
    assert scored(counter, uniform(0.5, 0.7)) == [ShareDriftWarning]


def test_a_new_expectation_begins_again_and_the_same_one_does_not() -> None:
    expected = ExpectedTraffic(None, 0.5, QUANTILES, calibrated=True)
    counter = RoutingCounter(expected=expected)
    assert scored(counter, np.full(DRIFT_CALLS, 0.9)) == [ScoreDriftWarning]

    counter.expected = ExpectedTraffic(None, 0.5, QUANTILES, calibrated=True)
    assert scored(counter, np.full(DRIFT_CALLS, 0.9)) == []
    counter.expected = ExpectedTraffic(None, 0.6, QUANTILES, calibrated=True)
    assert counter.snapshot().score_shift is None
    assert scored(counter, np.full(DRIFT_CALLS, 0.9)) == [ScoreDriftWarning]
    counter.reset()
    assert scored(counter, np.full(DRIFT_CALLS, 0.9)) == [ScoreDriftWarning]
