"""The intervals hold at every look, tighten with the values, and refuse what is no range."""

from itertools import pairwise

import numpy as np
import pytest

from routellm_core.calibration.confidence_sequence import Interval, mean_interval, share_interval


def test_the_interval_holds_the_mean_and_tightens() -> None:
    rng = np.random.default_rng(0)
    values = rng.choice([-1.0, 0.0, 1.0], 4000, p=[0.05, 0.8, 0.15])
    widths = []
    for count in (50, 400, 4000):
        found = mean_interval(values[:count], -1.0, 1.0, 0.1)
        assert found.low <= 0.1 <= found.high
        widths.append(found.high - found.low)

    assert widths[0] > 1.8 * widths[1] > 3.0 * widths[2]
    assert widths[2] < 0.07


def test_what_is_ruled_out_once_stays_ruled_out() -> None:
    values = np.random.default_rng(3).random(300)
    looks = [mean_interval(values[:count], 0.0, 1.0, 0.1) for count in range(1, 301)]

    assert all(later.low >= earlier.low - 1e-4 for earlier, later in pairwise(looks))
    assert all(later.high <= earlier.high + 1e-4 for earlier, later in pairwise(looks))


def test_without_values_everything_is_possible() -> None:
    assert mean_interval(np.empty(0), -1.0, 3.0, 0.1) == Interval(-1.0, 3.0)
    assert share_interval(0, 0, 0.1) == Interval(0.0, 1.0)


def test_equal_values_end_at_the_bound() -> None:
    found = mean_interval(np.zeros(2000), 0.0, 1.0, 0.1)
    assert found.low == 0.0
    assert found.high < 0.01


@pytest.mark.parametrize("share", [0.02, 0.5, 0.9])
def test_the_share_is_held_at_every_look(share: float) -> None:
    rng = np.random.default_rng(5)
    missed = 0
    for _ in range(400):
        hits = np.cumsum(rng.random(2000) < share)
        looks = [share_interval(int(hits[count - 1]), count, 0.1) for count in range(20, 2001, 20)]
        missed += any(not look.low <= share <= look.high for look in looks)
    assert missed / 400 <= 0.1


def test_a_product_lies_between_the_products_of_the_ends() -> None:
    assert Interval(0.4, 0.6).times(Interval(-0.1, 0.2)) == Interval(-0.06, 0.12)


def test_values_outside_the_bounds_are_refused() -> None:
    with pytest.raises(ValueError, match="outside the bounds of 0 and 1"):
        mean_interval(np.array([0.2, 1.2]), 0.0, 1.0, 0.1)
    with pytest.raises(ValueError, match="expected a range"):
        mean_interval(np.array([0.2]), 1.0, 1.0, 0.1)
