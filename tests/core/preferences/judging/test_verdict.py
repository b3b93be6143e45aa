"""What counts as a verdict, and what two of them mean."""

import math

import pytest

from routellm_core.preferences.judging.judgement import Judgement, JudgingResult
from routellm_core.preferences.judging.question import Question
from routellm_core.preferences.judging.verdict import Verdict, combined_grades, combined_winner, parse_verdict


@pytest.mark.parametrize(
    ("text", "preferred"),
    [
        ("[[A]]", "first"),
        ("Because.\n[[B]]", "second"),
        ("I first thought [[A]].\n\n[[C]]\n \n", "tie"),
        ("Because.\r\n  [[A]]  ", "first"),
    ],
)
def test_the_last_line_is_the_verdict(text: str, preferred: str) -> None:
    verdict = parse_verdict(text)

    assert verdict is not None
    assert (verdict.preferred, verdict.grades) == (preferred, None)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "   \n",
        "A",
        "[A]",
        "[[a]]",
        "[[D]]",
        "[[A]].",
        "**[[A]]**",
        "[[A]] [[B]]",
        "[[A]]\n[[B]] or so",
        "Verdict: [[A]]",
        "[[A]]\nThat is my verdict.",
        "[[ A ]]",
        "[[A=4 B=2]]",
    ],
)
def test_anything_else_is_no_verdict(text: str) -> None:
    assert parse_verdict(text) is None


def test_grades_are_read_and_the_higher_is_preferred() -> None:
    assert parse_verdict("So.\n[[A=4 B=2]]", graded=True) == Verdict("first", (4, 2))
    assert parse_verdict("[[A=1 B=5]]", graded=True) == Verdict("second", (1, 5))
    assert parse_verdict("[[A=3 B=3]]", graded=True) == Verdict("tie", (3, 3))


@pytest.mark.parametrize(
    "text", ["[[A]]", "[[A=0 B=3]]", "[[A=6 B=3]]", "[[A=4.5 B=3]]", "[[A=4, B=3]]", "[[B=4 A=3]]"]
)
def test_other_grades_are_none(text: str) -> None:
    assert parse_verdict(text, graded=True) is None


@pytest.mark.parametrize(
    ("in_order", "swapped", "winner"),
    [
        ("first", "second", "model_a"),
        ("second", "first", "model_b"),
        ("tie", "tie", "tie"),
        ("first", "first", "tie"),
        ("second", "second", "tie"),
        ("first", "tie", "tie"),
        ("tie", "first", "tie"),
        ("second", "tie", "tie"),
        ("tie", "second", "tie"),
    ],
)
def test_only_what_both_orders_prefer_wins(in_order: str, swapped: str, winner: str) -> None:
    assert combined_winner(Verdict(in_order), Verdict(swapped)) == winner  # type: ignore[arg-type]


def test_grades_are_the_mean_over_both_orders() -> None:
    first, second = Verdict("first", (5, 2)), Verdict("second", (1, 4))

    assert combined_grades(first, second) == (4.5, 1.5)
    assert combined_grades(first, Verdict("second")) is None


def test_bias_is_measured_on_verdicts_that_decide() -> None:
    pairs = [("first", "second"), ("first", "first"), ("tie", "tie"), ("first", "tie")]
    judged = [
        Judgement(Question.from_prompt("?"), "big", "small", (Verdict(a), Verdict(b))) for a, b in pairs
    ]  # type: ignore[arg-type]
    result = JudgingResult((*judged, None, Judgement(Question.from_prompt("?"), "big", "small", None)))

    assert result.agreement == 0.5
    # Four of the five verdicts that are no tie name the answer shown first.
    assert result.first_share == 0.8
    assert [judgement.battle.winner for judgement in result.found] == ["model_a"] + ["tie"] * 4
    assert math.isnan(JudgingResult((None,)).first_share)
    assert math.isnan(JudgingResult((None,)).agreement)
