"""`routellm tiers`: a table of ratings and tiers."""

import json
from pathlib import Path

import pytest

from routellm_core.commands.cli import main
from routellm_core.preferences.rating.ratings import rate_models
from routellm_core.preferences.reading.battles import read_battles


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
    assert main(["tiers", "--battles", str(battles)]) == 3
    assert "there is only 1 battle" in capsys.readouterr().err


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
