"""PGR curve, APGR and CPT against closed forms."""

import itertools
import math
from typing import Any

import numpy as np
import pytest

from routellm_core import apgr, cpt, pgr_curve

WEAK = [0.0, 0.0, 0.0, 0.0]
STRONG = [1.0, 0.0, 1.0, 0.0]  # strong gains on prompts 0 and 2


def test_the_best_order_recovers_the_gap_first() -> None:
    shares, pgr = pgr_curve([0.9, 0.2, 0.8, 0.1], WEAK, STRONG)

    assert shares.tolist() == [0.0, 0.25, 0.5, 0.75, 1.0]
    assert pgr.tolist() == [0.0, 0.5, 1.0, 1.0, 1.0]
    # two triangles and a rectangle: 0.25·0.25 + 0.25·0.75 + 0.5·1
    assert apgr([0.9, 0.2, 0.8, 0.1], WEAK, STRONG) == pytest.approx(0.75)


def test_the_worst_order_is_the_best_one_mirrored() -> None:
    assert apgr([0.1, 0.8, 0.2, 0.9], WEAK, STRONG) == pytest.approx(0.25)


def test_equal_scores_change_together_and_make_a_straight_line() -> None:
    shares, pgr = pgr_curve([0.5] * 4, WEAK, STRONG)

    assert shares.tolist() == [0.0, 1.0]
    assert pgr.tolist() == [0.0, 1.0]
    assert apgr([0.5] * 4, WEAK, STRONG) == 0.5


def test_ties_give_the_mean_over_their_orders() -> None:
    # prompts 1 and 2 tie; the two possible orders have areas that average to the tied one
    first = apgr([0.9, 0.6, 0.5, 0.1], WEAK, STRONG)
    second = apgr([0.9, 0.5, 0.6, 0.1], WEAK, STRONG)

    assert apgr([0.9, 0.5, 0.5, 0.1], WEAK, STRONG) == pytest.approx((first + second) / 2)


@pytest.mark.parametrize("seed", range(8))
def test_curve_area_and_cpt_are_what_brute_force_finds(seed: int) -> None:
    rng = np.random.default_rng(seed)
    scores = rng.choice([0.1, 0.4, 0.4, 0.7, 0.9], 6)
    weak, strong = rng.random(6), rng.random(6) + 0.5
    gap = (strong - weak).sum()
    # every order of the prompts in which no lower score comes before a higher one
    orders = [
        order
        for order in itertools.permutations(range(6))
        if all(scores[a] >= scores[b] for a, b in itertools.pairwise(order))
    ]
    curves = np.array([np.cumsum([0.0, *(strong - weak)[list(order)]]) / gap for order in orders])
    expected = curves.mean(axis=0)  # PGR with k of 6 prompts sent to strong, in expectation

    shares, pgr = pgr_curve(scores, weak, strong)
    assert np.interp(np.arange(7) / 6, shares, pgr) == pytest.approx(expected)
    assert apgr(scores, weak, strong) == pytest.approx(np.trapezoid(expected, dx=1 / 6))
    grid = np.linspace(0.0, 1.0, 60_001)
    reached = grid[np.interp(grid, np.arange(7) / 6, expected) >= 0.6 - 1e-12]
    assert cpt(scores, weak, strong, 0.6) == pytest.approx(reached[0], abs=1e-4)


def test_the_order_of_the_prompts_does_not_matter() -> None:
    rng = np.random.default_rng(0)
    scores, weak, strong = rng.random(200), rng.random(200), rng.random(200) + 0.2
    order = rng.permutation(200)

    assert apgr(scores[order], weak[order], strong[order]) == pytest.approx(apgr(scores, weak, strong))
    assert apgr(10 * scores - 3, weak, strong) == pytest.approx(apgr(scores, weak, strong))


def test_random_scores_have_half() -> None:
    rng = np.random.default_rng(0)
    n = 40_000

    assert apgr(rng.random(n), np.zeros(n), (rng.random(n) < 0.3).astype(float)) == pytest.approx(
        0.5, abs=0.01
    )


def test_a_perfect_router_has_the_area_of_its_closed_form() -> None:
    # strong gains 1 on the first share g of the prompts: APGR = 1 − g/2
    n, g = 1000, 0.3
    gain = (np.arange(n) < g * n).astype(float)

    assert apgr(-np.arange(n), np.zeros(n), gain) == pytest.approx(1 - g / 2, abs=1e-9)


def test_published_is_the_trapezoid_over_the_deciles() -> None:
    n = 1001
    scores = np.arange(n, dtype=float)
    gain = scores.copy()  # PGR(c) = 1 − (1 − c)²: its exact area is 2/3
    shares = np.array([1 / n, *((100 * k + 1) / n for k in range(1, 11))])
    selected = [np.sort(gain)[::-1][: round(share * n)].sum() / gain.sum() for share in shares]
    expected = np.trapezoid(selected, shares) / (shares[-1] - shares[0])

    assert apgr(scores, np.zeros(n), gain) == pytest.approx(2 / 3, abs=1e-3)
    assert apgr(scores, np.zeros(n), gain, method="published") == pytest.approx(expected, abs=1e-6)
    assert apgr(np.full(4, 0.5), WEAK, STRONG, method="published") == 0.5


@pytest.mark.parametrize(
    ("target", "share"),
    [(-1.0, 0.0), (0.0, 0.0), (0.25, 0.125), (0.5, 0.25), (0.75, 0.375), (1.0, 0.5)],
)
def test_cpt_is_the_first_share_on_the_curve_that_reaches_the_target(target: float, share: float) -> None:
    assert cpt([0.9, 0.2, 0.8, 0.1], WEAK, STRONG, target) == pytest.approx(share)


def test_cpt_copes_with_a_curve_that_falls_again() -> None:
    # the second prompt is one that strong spoils, the third makes up for it
    weak, strong = [0.0, 1.0, 0.0], [2.0, 0.0, 1.0]
    shares, pgr = pgr_curve([0.9, 0.8, 0.7], weak, strong)

    assert pgr.tolist() == [0.0, 1.0, 0.5, 1.0]
    assert cpt([0.9, 0.8, 0.7], weak, strong, 0.9) == pytest.approx(0.3)
    assert shares[1] == pytest.approx(1 / 3)


def test_cpt_above_the_curve_is_nan() -> None:
    assert math.isnan(cpt([0.9, 0.2, 0.8, 0.1], WEAK, STRONG, 1.01))


def test_cpt_may_overshoot() -> None:
    # strong spoils the last prompt, so that half of the calls recover 150 % of the gap
    assert cpt([0.9, 0.8], [0.0, 1.0], [3.0, 0.0], 1.5) == pytest.approx(0.5)


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        (([], [], []), "scores is empty"),
        (([0.5], [0.0, 1.0], [1.0]), r"weak has shape \(2,\), expected \(1,\)"),
        (([[0.5]], [[0.0]], [[1.0]]), r"scores has shape \(1, 1\), expected \(n,\)"),
        (([0.5, math.nan], [0.0, 0.0], [1.0, 1.0]), "scores holds NaN or infinity at position 1"),
        (([0.5], [0.0], [math.inf]), "strong holds NaN or infinity at position 0"),
        (([0.5, 0.6], [1.0, 0.0], [0.0, 1.0]), "there is no gap to recover"),
        (([0.5], [1.0], [0.0]), "Are they swapped"),
    ],
)
def test_what_has_no_pgr_is_refused(arrays: Any, message: str) -> None:
    for measure in (pgr_curve, apgr, lambda *a: cpt(*a, 0.5)):
        with pytest.raises(ValueError, match=message):
            measure(*arrays)


def test_unknown_methods_and_targets_are_refused() -> None:
    with pytest.raises(ValueError, match="method is 'simpson'"):
        apgr([0.9, 0.2, 0.8, 0.1], WEAK, STRONG, method="simpson")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="target is nan"):
        cpt([0.9, 0.2, 0.8, 0.1], WEAK, STRONG, math.nan)
