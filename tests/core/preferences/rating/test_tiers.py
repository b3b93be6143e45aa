"""Tiers: the least sum of variances, and the command that prints them."""

import json
from itertools import combinations, pairwise
from pathlib import Path

import numpy as np
import pytest

from routellm_core.commands.cli import main
from routellm_core.preferences.rating.ratings import rate_models
from routellm_core.preferences.rating.tiers import least_variance_cuts, tiers_of
from routellm_core.preferences.reading.battles import read_battles


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


@pytest.fixture
def battles(tmp_path: Path) -> Path:
    path = tmp_path / "votes.csv"
    rows = ["best,good,model_a"] * 8 + ["good,best,model_a"] * 2 + ["good,poor,model_a"] * 8
    rows += ["poor,good,tie"] * 2 + ["poor,none,model_a"] * 3
    path.write_text("model_a,model_b,winner\n" + "\n".join(rows) + "\n")
    return path


def test_the_command_prints_a_table_and_json(battles: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["tiers", "--battles", str(battles), "--tiers", "2"]) == 0
    table = capsys.readouterr().out.splitlines()
    assert main(["tiers", "--battles", str(battles), "--tiers", "2", "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)

    assert [row["model"] for row in rows] == ["best", "good", "poor", "none"]
    assert [row["tier"] for row in rows] == sorted(row["tier"] for row in rows)
    assert {row["tier"] for row in rows} == {0, 1}
    assert all(row["low"] <= row["strength"] <= row["high"] for row in rows)
    assert [line.split()[1] for line in table[2:6]] == ["best", "good", "poor", "none"]
    assert [f"{row['elo']:.0f}" for row in rows] == [line.split()[-4] for line in table[2:6]]
    assert main(["tiers", "--battles", str(battles), "--seed", "3", "--json"]) == 0
    lows = [row["low"] for row in json.loads(capsys.readouterr().out)]
    drawn = rate_models(list(read_battles(battles, with_prompts=False)), seed=3)
    assert lows == [rating.low for rating in drawn] != [row["low"] for row in rows]
    assert table[2].split()[-2:] == ["10", "80.0"]
    # it won none of its battles
    assert table[5].split()[2] == "*"
    assert "only the fit's penalty keeps its rating finite" in table[-1]


def test_bad_input_is_told_in_one_line(battles: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["tiers", "--battles", str(battles), "--tiers", "5"]) == 2
    assert "tiers is 5, expected a whole number from 1 to 4" in capsys.readouterr().err
    battles.write_text("model_a,model_b,winner\na,b,model_a\n")
    assert main(["tiers", "--battles", str(battles)]) == 2
    assert "there is 1 battle" in capsys.readouterr().err


def test_claude_and_gpt_4_are_above_the_open_models(
    data_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    votes = data_folder / "train/arena_votes.csv.gz"
    assert main(["tiers", "--battles", str(votes), "--tiers", "5", "--json"]) == 0
    tiers = {row["model"]: row["tier"] for row in json.loads(capsys.readouterr().out)}

    assert [name for name, tier in tiers.items() if tier <= 1] == [
        "gpt-4",
        "claude-v1",
        "claude-instant-v1",
        "gpt-3.5-turbo",
    ]
    assert tiers["llama-13b"] == 4
