"""Labels and battles in every form, sifted: what is no row is counted or refused."""

import json
from pathlib import Path

import pytest

from routellm_core.preferences.reading.battles import read_battles
from routellm_core.preferences.reading.options import ReadingOptions
from routellm_core.preferences.reading.prompts import read_prompts
from routellm_core.preferences.reading.records import DataError, RowError
from routellm_core.preferences.reading.sifting import sift_battles, sift_labels

from tests.core import logged_rows
from tests.core.file_forms import PLAIN, parquet


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("l.csv", "prompt;S;W\nWhy?;0,5;1\n"),
        ("l.csv", "sep=;\nPrompt;S;W\nWhy?;0,50;1,0\n"),
        ("l.tsv", "prompt\tS\tW\nWhy?\t0,5\t1\n"),
        ("l.csv", "prompt,S,W,id,latency_ms\nWhy?,0.5,1,x7,900\n"),
        ("l.csv", 'prompt,S,W,note\nWhy?,"0.5",1,fine\n'),
        ("l.csv", 'prompt,scores\nWhy?,"{""S"": 0.5, ""W"": 1}"\n'),
        ("l.jsonl", '{"prompt": "Why?", "scores": {"S": 0.5, "W": 1}}'),
        ("l.json", '[{"question": "Why?", "scores": {"S": 0.5, "W": 1}}]'),
        ("l.json", '[{"messages": [{"role": "user", "content": "Why?"}], "S": 0.5, "W": 1}]'),
    ],
)
def test_labels_in_every_form(name: str, text: str, tmp_path: Path) -> None:
    path = tmp_path / name
    path.write_text(text)
    (label,) = sift_labels(path, models=["S", "W"]).items

    assert (label.prompt, label.scores) == ("Why?", {"S": 0.5, "W": 1.0})


def test_battles_are_labels_too(tmp_path: Path) -> None:
    path = tmp_path / "b.jsonl"
    won = {"prompt": "Why?", "model_a": "S", "model_b": "W", "winner": "model_b"}
    path.write_text(json.dumps(won) + "\n" + json.dumps({**won, "winner": "tie"}))

    assert [label.scores for label in sift_labels(path).items] == [{"S": 0.0, "W": 1.0}, {"S": 0.5, "W": 0.5}]


@pytest.mark.parametrize(
    ("winner", "expected"),
    [("both_bad", ("tie", True)), ("tie", ("tie", False)), ("model_b", ("model_b", False))],
)
def test_arena_140k(winner: str, expected: tuple[str, bool], tmp_path: Path) -> None:
    path = tmp_path / "140k.parquet"
    path.write_bytes(parquet([logged_rows.arena_140k(winner)]))
    (battle,) = read_battles(path)

    assert (battle.winner, battle.both_bad) == expected
    assert battle.prompt == logged_rows.QUESTION
    assert read_prompts(path) == [logged_rows.QUESTION]


def test_bad_rows_are_counted_unless_that_is_not_wanted(tmp_path: Path) -> None:
    path = tmp_path / "l.csv"
    path.write_text("prompt,S,W\nWhy?,1,0\n,1,0\nHow?,,1\nWho?,1,good\n")
    sifted = sift_labels(path, models=["S", "W"])

    assert sifted.sentence("labels") == (
        "read 1 label (CSV with commas); 3 rows skipped: 2 'scores: not a finite number', "
        "1 'prompt: not text'"
    )
    with pytest.raises(RowError, match=r"l\.csv:3: field 'prompt' is ''"):
        sift_labels(path, ReadingOptions(strict=True))


def test_plain_text_is_no_labels(tmp_path: Path) -> None:
    path = tmp_path / "l.txt"
    path.write_text(PLAIN)

    with pytest.raises(DataError, match="is plain text, expected rows"):
        sift_battles(path)
