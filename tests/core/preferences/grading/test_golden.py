"""Golden labels: what is made of graded answers, and what can't be read."""

import json
from pathlib import Path
from typing import Any

import pytest

from routellm_core.preferences.grading.golden import golden_labels
from routellm_core.preferences.reading.labels import read_labels
from routellm_core.preferences.reading.records import DataError


def saved(tmp_path: Path, *rows: object) -> Path:
    path = tmp_path / "graded.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


ROW = {"prompt": "2+2?", "expected": "4", "answers": {"x": "It is 4", "y": "5", "z": "no idea"}}


def test_rows_become_labels_and_answers_without_an_answer_are_counted(tmp_path: Path) -> None:
    rows = [ROW, {**ROW, "expected": None, "answer": 4, "category": "sums"}]
    del rows[1]["expected"]
    golden = golden_labels(saved(tmp_path, *rows), "numeric")

    assert [dict(label.scores) for label in golden.sifted.items] == [{"x": 1.0, "y": 0.0, "z": 0.0}] * 2
    assert [label.category for label in golden.sifted.items] == ["", "sums"]
    assert golden.unparsed == {"z": 2}


@pytest.mark.parametrize(
    ("kind", "answers", "key", "scores"),
    [
        ("choice", {"x": "(C)", "y": "D"}, {"answer": "C"}, {"x": 1.0, "y": 0.0}),
        ("exact", {"x": "42", "y": "41"}, {"expected": 42}, {"x": 1.0, "y": 0.0}),
        ("exact", {"x": "b", "y": "c"}, {"expected": ["a.", "b."]}, {"x": 1.0, "y": 0.0}),
        ("tests", {"x": True, "y": "1/4"}, {}, {"x": 1.0, "y": 0.25}),
    ],
)
def test_every_kind_of_key(
    tmp_path: Path, kind: str, answers: Any, key: Any, scores: dict[str, float]
) -> None:
    golden = golden_labels(saved(tmp_path, {"prompt": "Which?", "answers": answers, **key}), kind)

    assert dict(golden.sifted.items[0].scores) == scores


def test_test_results_may_be_called_results(tmp_path: Path) -> None:
    rows = [{"prompt": "Sort it.", "results": {"x": {"passed": 1, "total": 2}}}]

    assert dict(golden_labels(saved(tmp_path, *rows), "tests").sifted.items[0].scores) == {"x": 0.5}


@pytest.mark.parametrize(
    ("kind", "change", "reason"),
    [
        ("numeric", {"expected": "four"}, "expected: not a number"),
        ("numeric", {"expected": None}, "expected: not a number"),
        ("choice", {"expected": "AB"}, "expected: not one letter"),
        ("exact", {"expected": []}, "expected: not text, or a list of texts"),
        ("exact", {"expected": [1]}, "expected: not text, or a list of texts"),
        ("numeric", {"answers": {"x": None}}, "answers: not text of each model"),
        ("numeric", {"answers": {}}, "answers: not an object of model -> answer"),
        ("numeric", {"prompt": ""}, "prompt: not text"),
        ("tests", {"answers": {"x": 3}}, "answers: not test results of each model"),
    ],
)
def test_rows_that_cannot_be_graded_are_counted(
    tmp_path: Path, kind: str, change: dict[str, Any], reason: str
) -> None:
    good = {**ROW, "expected": "B" if kind == "choice" else "4"}
    if kind == "tests":
        good["answers"] = {"x": True}
    golden = golden_labels(saved(tmp_path, good, {**good, **change}), kind)

    assert len(golden.sifted.items) == 1
    (found,) = golden.sifted.reasons
    assert found.startswith(reason)
    assert golden.unparsed == golden_labels(saved(tmp_path, good), kind).unparsed


def test_a_file_without_any_graded_row_and_an_unknown_kind_are_errors(tmp_path: Path) -> None:
    with pytest.raises(
        DataError, match=r"holds no graded answer: rows were rejected, 1 for 'answers: missing'"
    ):
        golden_labels(saved(tmp_path, {"prompt": "Why?", "expected": "4"}), "numeric")
    with pytest.raises(ValueError, match="kind is 'vibes', expected one of choice, exact, numeric, tests"):
        golden_labels(saved(tmp_path, ROW), "vibes")


def test_the_labels_are_what_training_reads(tmp_path: Path) -> None:
    from routellm_core.commands.cli import main

    out = tmp_path / "labels.jsonl"
    assert main(["golden", "numeric", str(saved(tmp_path, ROW)), "--out", str(out)]) == 0
    assert [dict(label.scores) for label in read_labels(out)] == [{"x": 1.0, "y": 0.0, "z": 0.0}]
