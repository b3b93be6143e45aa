"""A threshold from a share of strong calls."""

import math
from typing import Any

import numpy as np
import pytest

from routellm_core import Router, calibrate_threshold
from routellm_core.calibration.share import threshold_for_share
from routellm_core.routers.random_router import RandomRouter

from tests.routers import FixedRouter


def realised(scores: Any, threshold: float) -> float:
    return float((np.asarray(scores) >= threshold).mean())


@pytest.mark.parametrize("share", [0.0, 0.01, 0.3, 0.5, 0.77, 1.0])
def test_the_realised_share_is_the_asked_one(share: float) -> None:
    scores = np.random.default_rng(0).random(1000)

    assert realised(scores, calibrate_threshold(scores, share)) == pytest.approx(share, abs=0.0005)


def test_of_tied_scores_the_nearest_share_is_chosen() -> None:
    scores = [0.2] * 6 + [0.8] * 4  # possible shares: 0, 0.4, 1

    assert realised(scores, calibrate_threshold(scores, 0.5)) == 0.4
    assert realised(scores, calibrate_threshold(scores, 0.8)) == 1.0
    assert realised(scores, calibrate_threshold(scores, 0.1)) == 0.0


@pytest.mark.parametrize("scores", [[0.0, 1.0], [1.0], [0.0], [0.5] * 3])
@pytest.mark.parametrize("share", [0.0, 0.5, 1.0])
def test_a_threshold_is_always_one_that_routers_take(scores: list[float], share: float) -> None:
    assert 0.0 <= calibrate_threshold(scores, share) <= 1.0


@pytest.mark.parametrize(
    ("scores", "message"),
    [
        ([], "scores has shape"),
        ([[0.5]], "scores has shape"),
        ([0.5, math.nan], "not a number in"),
        ([1.5], "not a number in"),
    ],
)
def test_what_are_no_scores_is_refused(scores: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        calibrate_threshold(scores, 0.5)


@pytest.mark.parametrize("share", [-0.1, 1.1, math.nan, "0.3", True, None])
def test_what_is_no_share_is_refused(share: Any) -> None:
    with pytest.raises(ValueError, match="strong_share is"):
        calibrate_threshold([0.5], share)


def test_a_routers_quantiles_give_its_threshold() -> None:
    router = RandomRouter()

    assert threshold_for_share(router, 0.3) == pytest.approx(0.7, abs=0.002)


def test_without_quantiles_the_remedy_is_named() -> None:
    router: Router = FixedRouter(0.5)

    with pytest.raises(
        ValueError, match=r"'FixedRouter' ships no score quantiles: set threshold=, or.*calibrate"
    ):
        threshold_for_share(router, 0.3)
