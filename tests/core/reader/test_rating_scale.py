"""A rating's place among all ratings: ascending, even within ties, and as the project's ratings have it."""

from pathlib import Path

import numpy as np
import pytest

from routellm_core.reader.rating_scale import TYPICAL, RatingScale
from routellm_core.router import quantile_grid
from routellm_core.training.default.mix import MIX, _part
from routellm_core.training.default.ratings import read_ratings

ALL = np.arange(101.0)


def test_places_ascend_with_the_rating_and_the_tie_break() -> None:
    for scale in (RatingScale(), RatingScale.from_ratings([5, 5, 5, 80])):
        places = scale.places(ALL, np.zeros(101))

        assert (np.diff(places) > 0).all()
        assert (scale.places(ALL, np.full(101, 0.5)) > places).all()
        assert places[0] == 0.0
        assert scale.places(np.array([100.0]), np.array([1.0]))[0] == pytest.approx(1.0)


def test_a_fitted_scale_spreads_its_sample_evenly() -> None:
    rng = np.random.default_rng(0)
    ratings = rng.choice([0, 5, 10, 20, 50, 90], size=600, p=[0.3, 0.2, 0.2, 0.1, 0.1, 0.1])
    places = np.sort(
        RatingScale.from_ratings(ratings.tolist()).places(ratings.astype(float), rng.random(600))
    )

    assert np.abs(places - quantile_grid(600)).max() < 0.06


@pytest.mark.parametrize("bad", [[0.0, 1.0], np.zeros(102), np.linspace(0, 0.5, 102), np.linspace(1, 0, 102)])
def test_what_is_no_scale_is_refused(bad: list[float]) -> None:
    with pytest.raises(ValueError, match="a rating scale"):
        RatingScale(np.asarray(bad))


@pytest.mark.parametrize("at", [0, 50, 101])
def test_a_damaged_scale_is_refused(at: int) -> None:
    shares = RatingScale().shares.copy()
    shares[at] = np.nan
    with pytest.raises(ValueError, match="a rating scale"):
        RatingScale(shares)


def test_the_typical_scale_is_that_of_the_projects_ratings(data_folder: Path) -> None:
    rated = read_ratings(data_folder)
    parts = np.array(["exam" if each.source == "gold" else _part(each) for each in rated])
    weight = np.zeros(len(rated))
    for name, share in MIX.items():
        weight[parts == name] = share / (parts == name).sum()
    needs = 100.0 * np.array([each.need for each in rated]) + 0.5
    order = np.argsort(needs, kind="stable")
    position = np.cumsum(weight[order]) - 0.5 * weight[order]
    found = np.interp(quantile_grid(len(TYPICAL)), position, needs[order])

    assert np.abs(found - TYPICAL)[1:-1].max() <= 1.0
