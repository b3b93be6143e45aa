"""Readers of battles, labels and prompts; what they refuse, they name."""

import csv
import gzip
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from routellm_core.preferences.reading.battles import read_battles
from routellm_core.preferences.reading.labels import qualities, read_labels
from routellm_core.preferences.reading.prompts import read_prompts
from routellm_core.preferences.reading.records import DataError
from routellm_core.preferences.reading.rows import read_records

BATTLE = '{"prompt": "Why?", "model_a": "x", "model_b": "y", "winner": "model_a"}'
LABEL = '{"prompt": "Why?", "scores": {"x": 1, "y": 0.5}, "category": "ethics"}'


@pytest.fixture
def file(tmp_path: Path) -> Callable[[str, str], Path]:
    def write(name: str, text: str) -> Path:
        path = tmp_path / name
        if name.endswith(".gz"):
            path.write_bytes(gzip.compress(text.encode()))
        else:
            path.write_text(text, encoding="utf-8")
        return path

    return write


@pytest.mark.parametrize("name", ["battles.jsonl", "battles.jsonl.gz", "battles.json"])
def test_battles_from_json_lines(file: Any, name: str) -> None:
    (battle,) = read_battles(file(name, f"\n{BATTLE}\n\n"))

    assert (battle.prompt, battle.model_a, battle.model_b, battle.winner) == ("Why?", "x", "y", "model_a")
    assert battle.target == 1.0


@pytest.mark.parametrize("name", ["battles.csv", "battles.csv.gz"])
def test_battles_from_csv(file: Any, name: str) -> None:
    text = 'winner,prompt,model_b,model_a\ntie_both_bad,"Two\nlines, quoted ""so""",y,x\n'
    (battle,) = read_battles(file(name, text))

    assert battle.prompt == 'Two\nlines, quoted "so"'
    assert (battle.winner, battle.target) == ("tie", 0.5)


def test_votes_need_no_prompts(file: Any) -> None:
    path = file("votes.csv", "model_a,model_b,winner\nx,y,model_b\n")

    assert [battle.target for battle in read_battles(path, with_prompts=False)] == [0.0]
    with pytest.raises(
        DataError, match=r"votes\.csv:2: field 'prompt' is missing, expected text; the row has"
    ):
        list(read_battles(path))


def test_labels_from_json_lines_and_csv(file: Any) -> None:
    (label,) = read_labels(file("labels.jsonl", LABEL))
    wide = list(read_labels(file("labels.csv", "prompt,x,y\nWhy?,1,0.5\nHow?,True,False\n")))

    assert label.scores == {"x": 1.0, "y": 0.5} == wide[0].scores
    assert label.category == "ethics"
    assert wide[1].scores == {"x": 1.0, "y": 0.0}
    assert qualities(wide, "y", "labels.csv").tolist() == [0.5, 0.0]
    with pytest.raises(DataError, match=r"labels\.csv: label 1 has no score of 'z', only of \['x', 'y'\]"):
        qualities(wide, "z", "labels.csv")


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("prompts.txt", "Why?\n\n  How?  \n"),
        ("prompts", "\nWhy?\r\nHow?"),
        ("prompts.txt.gz", "Why?\nHow?\n"),
        ("prompts.jsonl", '\n{"prompt": "Why?"}\n{"prompt": "How?", "more": 1}\n'),
        ("prompts.jsonl.gz", '{"prompt": "Why?"}\n{"prompt": "How?"}'),
        ("prompts.csv", "id,prompt\n1,Why?\n2,How?\n"),
        ("questions.jsonl", '{"turns": ["Why?", "So?"]}\n{"prompt": "How?", "turns": ["No."]}\n'),
        ("prompts.txt", "\ufeffWhy?\nHow?\n"),
    ],
)
def test_prompts_in_every_format(file: Any, name: str, text: str) -> None:
    assert read_prompts(file(name, text)) == ["Why?", "How?"]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (BATTLE.replace('"model_a"}', '"modela"}'), "2: field 'winner' is 'modela', expected 'model_a' or"),
        (BATTLE.replace('"winner": "model_a"', '"won": 1'), "2: field 'winner' is missing"),
        (BATTLE.replace('"y"', '"x"'), "2: field 'model_b' is 'x', expected a model other than model_a"),
        (BATTLE.replace('"Why?"', "7"), "2: field 'prompt' is 7, expected text"),
        (BATTLE.replace('"Why?"', '""'), "2: field 'prompt' is '', expected text"),
        ("{", "2: not JSON"),
        ("[1]", "2: the row is a JSON array, expected an object"),
    ],
)
def test_a_bad_battle_is_named_by_file_line_field_and_value(file: Any, line: str, message: str) -> None:
    with pytest.raises(DataError, match=rf"battles\.jsonl:{message}"):
        list(read_battles(file("battles.jsonl", f"{BATTLE}\n{line}\n")))


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ('{"prompt": "Why?", "scores": {}}', "field 'scores' is {}, expected an object of model -> number"),
        ('{"prompt": "Why?", "scores": [1]}', r"field 'scores' is \[1\]"),
        ('{"prompt": "Why?"}', "field 'scores' is missing"),
        (
            '{"prompt": "Why?", "scores": {"x": "good"}}',
            "the score of 'x' is 'good', expected a finite number",
        ),
        ('{"prompt": "Why?", "scores": {"x": NaN}}', "the score of 'x' is nan"),
        ('{"prompt": "Why?", "scores": {"x": null}}', "the score of 'x' is None"),
    ],
)
def test_a_bad_label_is_named(file: Any, line: str, message: str) -> None:
    with pytest.raises(DataError, match=rf"labels\.jsonl:1: {message}"):
        list(read_labels(file("labels.jsonl", line)))


def test_damaged_files_are_data_errors(file: Any, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="does not exist"):
        list(read_records(tmp_path / "absent.jsonl"))
    (tmp_path / "bad.jsonl.gz").write_bytes(b"no gzip")
    with pytest.raises(DataError, match=r"bad\.jsonl\.gz:1: not JSON"):
        list(read_records(tmp_path / "bad.jsonl.gz"))
    (tmp_path / "latin.txt").write_bytes("café".encode("latin-1"))
    with pytest.raises(DataError, match=r"latin\.txt can't be read"):
        read_prompts(tmp_path / "latin.txt")
    with pytest.raises(DataError, match=r"ragged\.csv:3: the row has 3 fields and the header 2"):
        list(read_records(file("ragged.csv", "a,b\n1,2\n1,2,3\n")))
    with pytest.raises(DataError, match="holds no row"):
        read_prompts(file("empty.csv", "prompt\n"))


def test_a_megabyte_in_one_csv_field_is_read_and_the_limit_put_back(file: Any) -> None:
    before = csv.field_size_limit(12_345)
    try:
        assert read_prompts(file("long.csv", f"prompt\n{'x' * 2**20}\n")) == ["x" * 2**20]
        assert csv.field_size_limit() == 12_345
    finally:
        csv.field_size_limit(before)
