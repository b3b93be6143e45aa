"""Tiers: the least sum of variances."""

from itertools import combinations, pairwise

import numpy as np
import pytest

from routellm_core.preferences.rating.tiers import least_variance_cuts, tiers_of


def total(values: np.ndarray, cuts: list[int]) -> float:  # type: ignore[type-arg]
    return sum(float(np.var(values[start:end])) for start, end in pairwise(cuts))


@pytest.mark.parametrize("count", [1, 2, 3, 5, 9])
@pytest.mark.parametrize("seed", range(8))
def test_no_other_cut_has_less_variance(seed: int, count: int) -> None:
    rng = np.random.default_rng(seed)
    # with a large offset, and with equal values among them
    values = np.sort(np.round(rng.standard_normal(9) * (1 + seed), seed % 3) + 1e8 * (seed % 2))[::-1]
    cuts = least_variance_cuts(values, count)
    every = [[0, *inner, 9] for inner in combinations(range(1, 9), count - 1)]

    assert cuts in every
    assert total(values, cuts) == pytest.approx(min(total(values, other) for other in every), abs=1e-5)


def test_variances_are_summed_and_not_squared_deviations() -> None:
    # Of squared deviations, {0 … 0.9} in two and {4, 5.2} together would be less.
    values = np.array([5.2, 4.0, *np.linspace(0.9, 0.0, 10)])

    assert least_variance_cuts(values, 3) == [0, 1, 2, 12]


def test_the_best_models_are_tier_0() -> None:
    tiers = tiers_of({"c": 1.0, "a": 9.0, "d": 0.9, "b": 8.8}, 2)

    assert list(tiers.items()) == [("a", 0), ("b", 0), ("c", 1), ("d", 1)]


def test_without_a_number_there_are_ten_or_one_a_model() -> None:
    assert set(tiers_of({f"m{k}": float(k) for k in range(30)}).values()) == set(range(10))
    assert set(tiers_of({f"m{k}": float(k) for k in range(4)}).values()) == set(range(4))
    # equal ratings may be cut anywhere, but every tier has a model
    assert set(tiers_of(dict.fromkeys("abcd", 1.0), 4).values()) == set(range(4))


@pytest.mark.parametrize(
    ("ratings", "count", "message"),
    [
        ({}, 1, "no ratings to make tiers of"),
        ({"a": 1.0, "b": 2.0}, 3, "tiers is 3, expected a whole number from 1 to 2"),
        ({"a": 1.0, "b": 2.0}, 0, "tiers is 0"),
        ({"a": 1.0, "b": 2.0}, True, "tiers is True"),
        ({"a": 1.0, "b": float("nan")}, 1, "the rating of 'b' is nan, expected a finite number"),
    ],
)
def test_tiers_that_cannot_be_are_refused(ratings: dict[str, float], count: int, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        tiers_of(ratings, count)
