"""Each tier keeps its share of the texts, in whatever order their scores come."""

import copy
import pickle
from collections import Counter
from collections.abc import Callable, Sequence

import numpy as np
import pytest

from routellm_core.routing.share_tracker import STEP
from routellm_core.routing.tier_shares import TierShares

QUANTILES = [part / 100 for part in range(101)]
SHARES = (0.5, 0.3, 0.2)
Order = Callable[[np.random.Generator, int], Sequence[float]]


def shuffled(chance: np.random.Generator, count: int) -> Sequence[float]:
    return chance.random(count).tolist()


def rising(chance: np.random.Generator, count: int) -> Sequence[float]:
    return sorted(chance.random(count).tolist())


def falling(chance: np.random.Generator, count: int) -> Sequence[float]:
    return rising(chance, count)[::-1]


def elsewhere(chance: np.random.Generator, count: int) -> Sequence[float]:
    return (0.9 + 0.02 * chance.random(count)).tolist()


def swinging(chance: np.random.Generator, count: int) -> Sequence[float]:
    return [0.5 + 0.5 * np.sin(number / 50) for number in range(count)]


def two_values(chance: np.random.Generator, count: int) -> Sequence[float]:
    return chance.choice([0.2, 0.8], count).tolist()


@pytest.mark.parametrize("order", [shuffled, rising, falling, elsewhere, swinging, two_values])
@pytest.mark.parametrize("shares", [SHARES, (0.9, 0.05, 0.05), (0.2, 0.2, 0.2, 0.4), (0.0, 0.5, 0.5)])
def test_each_tier_keeps_its_share(order: Order, shares: tuple[float, ...]) -> None:
    tiers, count = TierShares(shares, QUANTILES), 3_000
    scores = order(np.random.default_rng(0), count)
    placed = Counter(tiers.place(str(number), score).place for number, score in enumerate(scores))
    bound = (1 + (len(shares) - 1) * STEP) / (STEP * count)
    for border in range(1, len(shares)):
        above = sum(number for place, number in placed.items() if place >= border) / count
        assert abs(above - sum(shares[border:])) <= bound
    for place, share in enumerate(shares):
        assert abs(placed[place] / count - share) <= 2 * bound


def test_from_the_start_the_borders_are_the_shipped_quantiles() -> None:
    tiers = TierShares(SHARES, QUANTILES)
    assert [tiers.preview(str(score), score).place for score in (0.1, 0.6, 0.9)] == [0, 1, 2]
    assert [tiers.preview(str(score), score).threshold for score in (0.1, 0.6, 0.9)] == [0.51, 0.51, 0.81]
    assert tiers.threshold == 0.81


def test_a_text_keeps_its_tier_and_counts_once() -> None:
    tiers = TierShares(SHARES, QUANTILES)
    first = tiers.place("the same", 0.6)
    for number in range(500):
        tiers.place(str(number), 0.99)
    assert tiers.place("the same", 0.6) == tiers.preview("the same", 0.6) == first


def test_what_was_decided_elsewhere_is_learned() -> None:
    tiers, other = TierShares(SHARES, QUANTILES), TierShares(SHARES, QUANTILES)
    for number in range(10):
        assert tiers.place(str(number), 0.1, as_decided=2).place == 2
        assert other.place(str(number), 0.1).place == 0
    assert tiers.threshold > other.threshold


def test_a_copy_starts_anew() -> None:
    tiers = TierShares(SHARES, QUANTILES, 500)
    for number in range(400):
        tiers.place(str(number), 0.99)
    for copied in (copy.copy(tiers), pickle.loads(pickle.dumps(tiers))):
        assert copied.threshold == 0.81
        assert copied.shares == SHARES
