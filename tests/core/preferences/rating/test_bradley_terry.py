"""The batched Newton fit: against battles taken one by one, and where it could fail to end."""

import numpy as np
import numpy.typing as npt
import pytest

from routellm_core.preferences.rating.bradley_terry import bradley_terry_strengths
from routellm_core.training.lbfgs import minimise

Floats = npt.NDArray[np.float64]


def table(count: int, seed: int = 0) -> Floats:
    rng = np.random.default_rng(seed)
    wins = rng.random((count, count)) * rng.integers(0, 2, (count, count)) * 50
    return np.asarray(wins + np.eye(count)[[*range(1, count), 0]])


def loss(wins: Floats, strengths: Floats, penalty: float, up: Floats, down: Floats) -> float:
    """Battle by battle, as the paper's likelihood has it."""
    total = 0.5 * penalty * float(strengths @ strengths)
    for i in range(len(wins)):
        total += up[i] * np.logaddexp(0.0, -strengths[i]) + down[i] * np.logaddexp(0.0, strengths[i])
        for j in range(len(wins)):
            if i != j:
                total += wins[i, j] * np.logaddexp(0.0, strengths[j] - strengths[i])
    return total


@pytest.mark.parametrize("anchored", [False, True])
@pytest.mark.parametrize("penalty", [1e-6, 0.5, 100.0])
def test_no_step_away_lowers_the_loss(penalty: float, anchored: bool) -> None:
    wins = table(5)
    up, down = (
        (np.array([3.0, 0.0, 1.0, 0.0, 8.0]), np.array([1.0, 0.0, 7.0, 2.0, 0.0]))
        if anchored
        else (
            np.zeros(5),
            np.zeros(5),
        )
    )
    anchors = {"anchor_wins": up[None], "anchor_losses": down[None]} if anchored else {}
    found = bradley_terry_strengths(wins[None], penalty, **anchors)[0]
    least = loss(wins, found, penalty, up, down)

    for k in range(5):
        for step in (-1e-3, 1e-3):
            assert loss(wins, found + step * np.eye(5)[k], penalty, up, down) > least


def test_two_models_are_apart_by_their_odds() -> None:
    found = bradley_terry_strengths(np.array([[[0.0, 75.0], [25.0, 0.0]]]), 1e-9)[0]

    assert found[0] - found[1] == pytest.approx(np.log(3.0), abs=1e-9)
    assert found.sum() == pytest.approx(0.0, abs=1e-12)


def test_against_an_anchor_a_strength_is_its_odds() -> None:
    found = bradley_terry_strengths(
        np.zeros((1, 1, 1)), 1e-9, anchor_wins=np.array([[60.0]]), anchor_losses=np.array([[20.0]])
    )

    assert found[0, 0] == pytest.approx(np.log(3.0), abs=1e-9)


def test_it_equals_another_optimiser() -> None:
    wins = table(6, seed=3)
    games = wins + wins.T
    np.fill_diagonal(games, 0.0)

    def objective(x: Floats) -> tuple[float, Floats]:
        z = x[:, None] - x[None, :]
        off = wins * (1 - np.eye(6))
        slope = (games / (1 + np.exp(-z)) - off).sum(axis=1) + 0.5 * x
        return float((off * np.logaddexp(0.0, -z)).sum()) + 0.25 * float(x @ x), slope

    other = minimise(objective, np.zeros(6), tolerance=1e-16, max_iterations=2000)
    assert bradley_terry_strengths(wins[None], 0.5)[0] == pytest.approx(other, abs=1e-6)


def test_each_table_is_fitted_by_itself_to_the_last_bit() -> None:
    tables = np.stack([table(7, seed) * 10.0 ** (seed % 5) for seed in range(33)])
    together = bradley_terry_strengths(tables, 1.0)

    for number in range(33):
        assert (
            bradley_terry_strengths(tables[number : number + 1], 1.0)[0].tolist() == together[number].tolist()
        )


@pytest.mark.parametrize("anchored", [False, True])
def test_the_search_ends_at_the_same_place_from_anywhere(anchored: bool) -> None:
    # From there Newton's own step would be millions long.
    far = np.array([-30.0, 25.0, 12.0, -3.0, 0.0])
    ones = np.ones((1, 5))
    anchors = {"anchor_wins": ones, "anchor_losses": 2.0 * ones} if anchored else {}
    near = bradley_terry_strengths(table(5)[None], 1e-3, **anchors)

    assert bradley_terry_strengths(table(5)[None], 1e-3, **anchors, start=far) == pytest.approx(
        near, abs=1e-9
    )
    assert abs(near.mean()) < 1e-9 or anchored


def test_the_diagonal_counts_for_nothing() -> None:
    wins = table(4)
    more = wins + 1000.0 * np.eye(4)

    assert (
        bradley_terry_strengths(more[None], 0.5).tolist() == bradley_terry_strengths(wins[None], 0.5).tolist()
    )


@pytest.mark.parametrize("penalty", [1e-9, 1e-6, 1.0])
@pytest.mark.parametrize("size", [1.0, 1e4, 1e9])
def test_who_never_won_is_far_below_and_finite(size: float, penalty: float) -> None:
    wins = np.array([[0.0, size, size], [size, 0.0, size], [0.0, 0.0, 0.0]])
    found = bradley_terry_strengths(wins[None], penalty)[0]

    assert np.isfinite(found).all()
    assert found[2] < found[0] - 0.5
    assert found[0] == pytest.approx(found[1])


@pytest.mark.parametrize(
    ("wins", "penalty", "message"),
    [
        ([[0.0, 1.0], [1.0, 0.0]], 0.0, "penalty is 0.0, expected a number above 0"),
        ([[0.0, 1.0], [1.0, 0.0]], np.nan, "penalty is nan"),
        ([[0.0, -1.0], [1.0, 0.0]], 1.0, "negative or not finite"),
        ([[0.0, np.inf], [1.0, 0.0]], 1.0, "negative or not finite"),
    ],
)
def test_what_cannot_be_fitted_is_refused(wins: list[list[float]], penalty: float, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        bradley_terry_strengths(np.array([wins]), penalty)
