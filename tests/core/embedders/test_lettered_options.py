"""Lettered options, in capital and small letters, on lines and inline."""

from __future__ import annotations

import pytest

from routellm_core.embedders.lettered_options import asks_for_answer_at_once, options_of, question_of

QUESTION = "What is the degree of the extension?"


@pytest.mark.parametrize(
    "options",
    [
        "\nA. 0\nB. 4\nC. 2\nD. 6",
        "\na. 0\nb. 4\nc. 2\nd. 6",
        "\n(A) 0\n(B) 4\n(C) 2\n(D) 6\nAnswer:",
        "\n  a) zero\n  b) four\n  c) two\n  d) six",
        " A) 0 B) 4 C) 2 D) 6",
    ],
)
def test_the_question_is_what_stands_before_its_options(options: str) -> None:
    found = options_of(QUESTION + options)
    assert found is not None
    assert found.count == 4
    assert question_of(QUESTION + options) == QUESTION


def test_two_options_must_stand_on_lines() -> None:
    assert options_of("Is it so?\nA. yes\nB. no") is not None
    assert options_of("Is it A) yes or B) no") is None


@pytest.mark.parametrize(
    "text", ["", "by J. A. B. C. Smith in Bonn", "B. Then A. comes", "plan b. it is", "Vitamins A. and B. "]
)
def test_what_has_no_options(text: str) -> None:
    assert options_of(text) is None
    assert question_of(text) == text


def test_the_cue_that_asks_for_an_answer_at_once() -> None:
    assert asks_for_answer_at_once("Which?\nA. 1\nB. 2\nanswer : \n")
    assert not asks_for_answer_at_once("Answer: yes")
