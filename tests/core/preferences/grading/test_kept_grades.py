"""What earlier checks drew and graded: kept in order, one scale, and read by id or by prompt."""

from pathlib import Path

import pytest

from routellm_core.preferences.grading.kept_grades import KeptGrades, read_grades
from routellm_core.preferences.reading.records import DataError
from routellm_core.routing.decision_log import text_hash


def test_draws_and_grades_are_found_again_in_order(tmp_path: Path) -> None:
    path = tmp_path / "kept.jsonl"
    kept = KeptGrades(path)
    kept.draw([{"id": "b", "text_hash": "1"}, {"id": "a"}])
    kept.grade({"a": (1.0, 0.5)}, "people", (0.0, 1.0))
    again = KeptGrades(path)

    assert list(again.drawn) == ["b", "a"]
    assert again.ungraded == ["b"]
    assert again.grades == {"a": (1.0, 0.5)}
    assert (again.graders, again.scale) == ({"people"}, (0.0, 1.0))


def test_another_scale_is_refused(tmp_path: Path) -> None:
    kept = KeptGrades(tmp_path / "kept.jsonl")
    kept.grade({"a": (1.0, 0.5)}, "people", (0.0, 1.0))
    with pytest.raises(ValueError, match="on a scale of 0 to 1, the new ones on 1 to 5"):
        kept.grade({"b": (4.0, 3.0)}, "judge", (1.0, 5.0))


@pytest.mark.parametrize(
    "line",
    [
        '{"graded": "a", "strong": 1}',
        '{"graded": "a", "strong": 1, "weak": true, "scale": [0, 1]}',
        '{"x": 1}',
    ],
)
def test_a_damaged_file_is_refused_with_its_place(tmp_path: Path, line: str) -> None:
    path = tmp_path / "kept.jsonl"
    path.write_text(line + "\n")
    with pytest.raises(DataError, match=r"kept.jsonl:1"):
        KeptGrades(path)


def test_grades_are_matched_by_id_or_by_the_hash_of_the_prompt(tmp_path: Path) -> None:
    path = tmp_path / "grades.jsonl"
    path.write_text(
        '{"id": "a", "scores": {"big": 1, "small": 0}}\n'
        '{"prompt": "What is a prime?", "scores": {"strong": 0.5, "weak": 0.25}}\n'
        '{"prompt": "Something else", "scores": {}}\n'
    )
    drawn = {"a": None, "b": text_hash("What is a prime?"), "c": text_hash("What is a prime?")}
    assert read_grades(path, drawn, "big", "small") == {"a": (1, 0), "b": (0.5, 0.25), "c": (0.5, 0.25)}


def test_a_missing_score_names_place_and_model(tmp_path: Path) -> None:
    path = tmp_path / "grades.jsonl"
    path.write_text('{"id": "a", "scores": {"big": 1}}\n')
    with pytest.raises(DataError, match=r"grades.jsonl:1: the score of 'small'"):
        read_grades(path, {"a": None}, "big", "small")
