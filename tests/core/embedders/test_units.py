"""Units of texts: words, and characters and pairs where no space stands between words."""

from __future__ import annotations

from routellm_core.embedders.text import CHARACTER_LIMIT
from routellm_core.embedders.units import WINDOW, units_of, window


def test_words_count_once() -> None:
    assert list(units_of(["a", "word", "a", "word,"])) == ["a", "word", "word,"]


def test_scripts_without_spaces_are_read_by_characters_and_pairs() -> None:
    assert set(units_of(["今天好", "x今y"])) == {"今", "天", "好", "今天", "天好", "x", "y"}


def test_wide_letters_are_plain_ones() -> None:
    assert list(units_of(["ＡＢＣ"])) == ["abc"]


def test_a_sign_that_stands_for_eighteen_letters_makes_no_longer_text() -> None:
    assert sum(map(len, units_of(["ﷺ" * 6000]))) <= CHARACTER_LIMIT


def test_of_a_long_text_head_and_tail_are_read() -> None:
    words = [str(number) for number in range(5 * WINDOW)]
    assert window(words) == words[:WINDOW] + words[-WINDOW:]
    assert window(words[: 2 * WINDOW]) == words[: 2 * WINDOW]
