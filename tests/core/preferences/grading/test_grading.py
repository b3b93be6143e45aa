"""Grading by a key: which answers are right."""

import csv
from pathlib import Path
from typing import Any

import pytest

from routellm_core.preferences.grading.grading import grade_choice, grade_exact, grade_numeric, grade_tests


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
