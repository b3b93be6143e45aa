"""Golden labels: what each kind of key accepts, what it can't read, and agreement with published grades."""

import csv
import json
from pathlib import Path
from typing import Any

import pytest

from routellm_core.preferences.grading.golden import golden_labels
from routellm_core.preferences.grading.grading import grade_choice, grade_exact, grade_numeric, grade_tests
from routellm_core.preferences.reading.labels import read_labels
from routellm_core.preferences.reading.records import DataError


@pytest.mark.parametrize(
    ("answer", "letter"),
    [
        ("B", "B"),
        ("b", "B"),
        (" (B) ", "B"),
        ("B. Paris", "B"),
        ("**B**", "B"),
        ("B\n\nBecause A is a town.", "B"),
        ("The answer is B.", "B"),
        ("The answer is (B) because C is too small.", "B"),
        ("Answer: **B**", "B"),
        ("Answer:\nB", "B"),
        ("The correct answer is: B) Paris", "B"),
        ("I think A is wrong, so the correct option is B", "B"),
        ("Option A is tempting. But the final answer is option B.", "B"),
        ("Hence \\boxed{B}.", "B"),
        ("Correct answer: $\\boxed{B}$", "B"),
        ("The best choice here is (B), not (C).", "B"),
        ("B is the right answer", "B"),
        ("Answer: I", "I"),
        ("A cat sat on the mat.", None),
        ("The answer is a bit unclear", None),
        ("Answer: I think it depends.", None),
        ("I'm not sure.", None),
        ("", None),
        ("42", None),
    ],
)
def test_the_letter_of_an_answer(answer: str, letter: str | None) -> None:
    expected = {choice: None if letter is None else float(choice == letter) for choice in "ABCDI"}

    assert {choice: grade_choice(answer, choice) for choice in "ABCDI"} == expected


@pytest.mark.parametrize("expected", ["b", "(B)", "B.", " B "])
def test_a_key_may_be_written_in_brackets(expected: str) -> None:
    assert grade_choice("The answer is B", expected) == 1.0


@pytest.mark.parametrize(
    ("answer", "expected", "grade"),
    [
        ("The  Eiffel Tower!", "eiffel tower", 1.0),
        ("Ⅳ", "iv", 1.0),
        ("STRASSE", "straße", 1.0),
        ("in Paris", "Paris", 0.0),
        ("Paris", ["Rome", "paris"], 1.0),
        ("Oslo", ["Rome", "paris"], 0.0),
        ("...", "Paris", None),
    ],
)
def test_exact_ignores_how_it_is_written(answer: str, expected: Any, grade: float | None) -> None:
    assert grade_exact(answer, expected) == grade


@pytest.mark.parametrize(
    ("answer", "number"),
    [
        ("It makes 9 * $2 = $18 every day.", 18),
        ("#### 18", 18),
        ("12 and 18\n#### 1,234.50 dollars for 3", 1234.5),
        ("\\boxed{7} or 8", 7),
        ("#### none\n5", 5),
        ("$4.00", 4),
        ("-5", -5),
        ("-$5", -5),
        ("−5", -5),
        ("$-5", -5),
        ("It is 10-3", 3),
        ("It is 10 - 3", 3),
        ("1e3", 1000),
        ("x = .5", 0.5),
        ("it is 5.", 5),
        ("10,000 or 20,000", 20000),
        ("50%", 50),
    ],
)
def test_the_number_of_an_answer(answer: str, number: float) -> None:
    assert grade_numeric(answer, number) == 1.0
    assert grade_numeric(answer, str(number)) == 1.0
    assert grade_numeric(answer, -number) == 0.0
    assert grade_numeric(answer, number * 1.001) == 0.0


def test_a_text_without_a_number_holds_no_answer_and_a_solution_may_be_the_key() -> None:
    assert grade_numeric("I do not know.", 4) is None
    assert grade_numeric("So 4", "2 + 2 = <<2+2=4>>4 apples of 5\n#### 4") == 1.0


@pytest.mark.parametrize(
    ("result", "share"),
    [(True, 1.0), (False, 0.0), ("3/4", 0.75), ({"passed": 0, "total": 2}, 0.0), ("5 / 5", 1.0)],
)
def test_tests_give_the_share_that_passed(result: object, share: float) -> None:
    assert grade_tests(result) == share


@pytest.mark.parametrize(
    "result",
    [1, None, "passed", "5/4", "0/0", {"passed": 1}, {"passed": -1, "total": 2}, {"passed": 0.5, "total": 1}],
)
def test_other_test_results_are_refused(result: object) -> None:
    with pytest.raises(ValueError, match="true, false"):
        grade_tests(result)


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


def test_numeric_grades_agree_with_the_published_ones(data_folder: Path) -> None:
    # The file holds no key. Where it calls one model right, that model's number is the key for the other.
    with (data_folder / "routellm_evals/gsm8k/gsm8k_responses.csv").open(encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    models = ("mistralai/Mixtral-8x7B-Instruct-v0.1", "gpt-4-1106-preview")
    agreed: dict[str, list[bool]] = {model: [] for model in models}
    for row in rows:
        for model, other in (models, models[::-1]):
            if row[other] == "True":
                grade = grade_numeric(row[f"{model}_response"], row[f"{other}_response"])
                agreed[model].append((grade == 1.0) == (row[model] == "True"))

    assert sum(map(len, agreed.values())) == 1_972
    # The published grades drop every sign but digits: "4.00" is 400 there, and wrong where 4 is right.
    assert sum(agreed[models[0]]) / len(agreed[models[0]]) > 0.99
    assert sum(agreed[models[1]]) / len(agreed[models[1]]) > 0.96


def test_the_labels_are_what_training_reads(tmp_path: Path) -> None:
    from routellm_core.commands.cli import main

    out = tmp_path / "labels.jsonl"
    assert main(["golden", "numeric", str(saved(tmp_path, ROW)), "--out", str(out)]) == 0
    assert [dict(label.scores) for label in read_labels(out)] == [{"x": 1.0, "y": 0.0, "z": 0.0}]
