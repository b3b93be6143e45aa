"""The shape of prompts: features of any text, bounded and told apart from its options."""

from __future__ import annotations

from math import isfinite, log1p

import pytest

from routellm_core.embedders.shape import FEATURES, shape_of

ODD = [
    "",
    " \n\t",
    "?",
    "😀😀",
    "\ud800",
    "x" * 50_000,
    "a\n" * 9_000,
    "问题？",
    "A. 1\nB. 2",
    "\nA. \nB. \nC. ",
]


def measured(text: str) -> dict[str, float]:
    return dict(zip(FEATURES, shape_of(text).features, strict=True))


@pytest.mark.parametrize("text", ODD)
def test_every_text_has_all_features(text: str) -> None:
    found = shape_of(text).features
    assert len(found) == len(FEATURES)
    assert all(map(isfinite, found))


def test_names_are_distinct() -> None:
    assert len(set(FEATURES)) == len(FEATURES)


def test_beginnings_and_ends() -> None:
    found = measured("why does my proof fail?")
    assert found["starts_with_why_flag"] == found["ends_in_question_flag"] == 1.0
    assert found["starts_in_lower_case_flag"] == 1.0
    assert found["starts_with_what_flag"] == found["ends_in_stop_flag"] == 0.0
    assert measured("Translate this to German:")["ends_in_colon_flag"] == 1.0


def test_lines_paragraphs_and_fences() -> None:
    found = measured("Fix this:\n\n```\nx = 1\n```\n- one\n- two")
    assert found["paragraphs"] == log1p(1)
    assert found["fences"] == found["bullets"] == log1p(2)


def test_options_count_by_themselves() -> None:
    question = "Which planet is the largest one by far?"
    with_options = question + "\na) Mars 12\nb) Venus 34\nc) Jupiter 5\nd) Earth 6"
    plain, found = measured(question), measured(with_options)
    assert found["options"] == log1p(4)
    assert found["option_digit_share"] > 0.0
    assert {name: found[name] for name in FEATURES[:-3]} == {name: plain[name] for name in FEATURES[:-3]}


def test_numbers_and_their_variety() -> None:
    found = measured("5 apples, 5 pears and 12 plums")
    assert found["numbers"] == log1p(3)
    assert found["distinct_numbers"] == log1p(2)
    assert found["mean_number_length"] == pytest.approx(4 / 3)
