"""Overlap of word sequences."""

import pytest

from routellm_core.preferences.cleaning.overlap import overlapping

WORDS = [f"word{number}" for number in range(60)]


def text(start: int, stop: int) -> str:
    return " ".join(WORDS[start:stop])


@pytest.mark.parametrize(
    ("prompt", "other", "one_way", "either_way"),
    [
        (text(0, 30), text(0, 30), True, True),
        (text(0, 30).upper() + "!!", text(0, 30), True, True),
        (text(0, 20), text(0, 60), True, True),  # a part of the other
        (text(0, 60), text(0, 20), False, True),  # holds the other
        (text(0, 60), text(54, 60), False, False),  # fewer than 13 words in common
        (text(0, 20) + " " + text(40, 60), text(10, 30), False, False),
        (text(0, 5), text(0, 5), True, True),
        (text(0, 5), text(0, 6), False, False),
        ("", "", False, False),
    ],
)
def test_overlap_is_half_of_the_sequences(prompt: str, other: str, one_way: bool, either_way: bool) -> None:
    assert overlapping([prompt], [other]).tolist() == [one_way]
    assert overlapping([prompt], [other], either_way=True).tolist() == [either_way]


def test_sequences_of_several_others_are_not_added_up() -> None:
    others = [text(0, 30), text(30, 60)]  # 18 of 48 sequences each

    assert overlapping([text(0, 60)], others).tolist() == [False]
    assert overlapping([text(0, 60), "else"], others, either_way=True).tolist() == [True, False]


def test_half_of_the_word_sequences_make_a_near_duplicate() -> None:
    words = [f"w{k}" for k in range(40)]
    trained = [" ".join(words), "short and sweet", " ".join(f"v{k}" for k in range(40))]
    prompts = [
        " ".join(words[:30]),  # all of its 18 sequences
        " ".join([*words[:20], *map(str, range(20))]),  # 8 of 28
        " ".join([*words[:18], *(f"v{k}" for k in range(18))]),  # 6 of 24 of one, 6 of another
        " ".join([*words[:30], *map(str, range(5))]),  # 18 of 23
        "SHORT, and sweet!",
        "short",
        "",
    ]

    assert overlapping(prompts, trained).tolist() == [True, False, False, True, True, False, False]
