"""Ratings from battles: what they are, how sure they are, and from which battles none follow."""

import math
from pathlib import Path

import numpy as np
import pytest

from routellm_core.preferences.rating.ratings import connected_groups, model_strengths, rate_models
from routellm_core.preferences.reading.battles import Battle, read_battles
from routellm_core.preferences.reading.records import DataError


def fights(winner: str, loser: str, count: int) -> list[Battle]:
    return [Battle("", winner, loser, "model_a")] * (count // 2) + [Battle("", loser, winner, "model_b")] * (
        count - count // 2
    )


THREE = [*fights("a", "b", 60), *fights("b", "a", 20), *fights("b", "c", 50), *fights("c", "b", 25)]


def test_strengths_are_log_odds_best_first() -> None:
    ratings = rate_models(THREE, penalty=1e-9)

    assert [rating.model for rating in ratings] == ["a", "b", "c"]
    assert ratings[0].strength - ratings[1].strength == pytest.approx(math.log(3), abs=1e-7)
    assert ratings[1].strength - ratings[2].strength == pytest.approx(math.log(2), abs=1e-7)
    assert sum(rating.strength for rating in ratings) == pytest.approx(0.0)
    assert [(rating.battles, rating.wins) for rating in ratings] == [(80, 60.0), (155, 70.0), (75, 25.0)]


def test_elo_is_the_arenas_scale() -> None:
    ratings = rate_models([*fights("a", "b", 1000), *fights("b", "a", 100)], penalty=1e-9)

    assert ratings[0].elo - ratings[1].elo == pytest.approx(400.0)
    assert ratings[0].elo + ratings[1].elo == pytest.approx(2000.0)


def test_a_tie_is_half_a_win_for_both() -> None:
    ties = [Battle("", "a", "b", "tie")] * 10
    halves = [*fights("a", "b", 5), *fights("b", "a", 5)]

    assert [r.strength for r in rate_models(ties)] == pytest.approx([0.0, 0.0])
    with_ties = rate_models(THREE + ties, resamples=0)
    assert [r.strength for r in with_ties] == pytest.approx(
        [r.strength for r in rate_models(THREE + halves, resamples=0)]
    )
    assert with_ties[0].wins == 65.0


def test_the_order_of_a_and_b_does_not_matter() -> None:
    swap = {"model_a": "model_b", "model_b": "model_a", "tie": "tie"}
    swapped = [Battle(b.prompt, b.model_b, b.model_a, swap[b.winner]) for b in THREE]  # type: ignore[arg-type]

    assert [r.strength for r in rate_models(swapped, resamples=0)] == pytest.approx(
        [r.strength for r in rate_models(THREE, resamples=0)]
    )


def test_the_bootstrap_interval_has_the_binomials_width() -> None:
    # Of n battles won with chance p, the log odds have a standard deviation of 1/√(n·p·(1−p)).
    battles = [Battle("", "a", "b", "model_a")] * 300 + [Battle("", "a", "b", "model_b")] * 100
    ratings = rate_models(battles, penalty=1e-6, resamples=4000)
    expected = 2 * 1.96 / math.sqrt(400 * 0.75 * 0.25) / 2  # ξ_a is half the log odds
    for rating in ratings:
        assert rating.low < rating.strength < rating.high
        assert rating.high - rating.low == pytest.approx(expected, rel=0.06)
        assert (rating.low + rating.high) / 2 == pytest.approx(rating.strength, abs=0.015)


def test_the_bootstrap_draws_battles_and_not_wins() -> None:
    # Ten ties a side of one win each: drawing halves of ties apart would make the interval wider.
    ties = [Battle("", "a", "b", "tie")] * 400
    (first, _) = rate_models(ties, resamples=200)

    assert first.high - first.low == pytest.approx(0.0, abs=1e-12)


def test_draws_follow_the_seed() -> None:
    assert rate_models(THREE, seed=1, resamples=50) == rate_models(THREE, seed=1, resamples=50)
    assert rate_models(THREE, seed=1, resamples=50) != rate_models(THREE, seed=2, resamples=50)


def test_more_confidence_is_a_wider_interval() -> None:
    wide, narrow = (rate_models(THREE, confidence=c, resamples=400)[0] for c in (0.99, 0.5))

    assert wide.low < narrow.low < narrow.high < wide.high


def test_who_never_won_is_rated_and_marked() -> None:
    ratings = rate_models([*THREE, *fights("c", "d", 9)])

    assert [rating.model for rating in ratings] == ["a", "b", "c", "d"]
    assert math.isfinite(ratings[-1].strength)
    assert [rating.held_by_penalty for rating in ratings] == [False, False, False, True]
    assert rate_models(fights("a", "b", 3))[0].held_by_penalty


@pytest.mark.parametrize(
    ("battles", "message"),
    [
        ([], "no battles to rate models by"),
        (fights("a", "b", 1), "there is only 1 battle, 'b' against 'a', which gives no rating"),
        (
            [*fights("a", "b", 4), *fights("x", "y", 4), *fights("y", "z", 2)],
            "2 groups that never met, so their ratings can't be compared: 'a', 'b'; 'x', 'y', 'z'. Add",
        ),
    ],
)
def test_battles_without_ratings_are_refused(battles: list[Battle], message: str) -> None:
    with pytest.raises(DataError, match=message):
        rate_models(battles)


def test_settings_out_of_range_are_refused() -> None:
    with pytest.raises(ValueError, match=r"confidence is 1\.0"):
        rate_models(THREE, confidence=1.0)
    with pytest.raises(ValueError, match="resamples is -1"):
        rate_models(THREE, resamples=-1)
    with pytest.raises(ValueError, match=r"penalty is 0\.0"):
        rate_models(THREE, penalty=0.0)


def test_groups_are_chains_and_not_only_direct_battles() -> None:
    met = np.zeros((5, 5), dtype=bool)
    for i, j in ((0, 3), (3, 1), (2, 4)):
        met[i, j] = met[j, i] = True

    assert connected_groups(met) == [[0, 1, 3], [2, 4]]


def test_strengths_alone_are_the_log_odds_of_winning() -> None:
    battles = [Battle("", "a", "b", "model_a")] * 750 + [Battle("", "b", "a", "model_a")] * 250
    strengths = model_strengths(battles)

    assert strengths["a"] - strengths["b"] == pytest.approx(math.log(3), abs=0.01)
    assert sum(strengths.values()) == pytest.approx(0.0)
    assert math.isfinite(model_strengths(battles[:1])["a"])
    assert list(model_strengths([*battles, Battle("", "d", "c", "tie")])) == ["a", "b", "c", "d"]
    with pytest.raises(ValueError, match="no battles"):
        model_strengths([])


def test_gpt_4_and_claude_are_on_top_of_the_arena(data_folder: Path) -> None:
    votes = list(read_battles(data_folder / "train/arena_votes.csv.gz", with_prompts=False))
    ratings = rate_models(votes)

    assert [rating.model for rating in ratings[:3]] == ["gpt-4", "claude-v1", "claude-instant-v1"]
    assert ratings[0].low > ratings[1].high
    assert all(rating.low < rating.strength < rating.high for rating in ratings)
    assert {r.model: r.strength for r in ratings} == pytest.approx(model_strengths(votes))
