"""What single words look like, and that a text's counts are the sum of its words'."""

from __future__ import annotations

import pytest

from routellm_core.embedders import word_shapes
from routellm_core.embedders.text import CHARACTER_LIMIT
from routellm_core.embedders.word_shapes import Counts, WordShapes, core_of, is_address, unpacked


def counts(text: str) -> Counts:
    return unpacked(WordShapes().total(text.split()))


def test_words_are_told_by_their_core_in_any_case_and_punctuation() -> None:
    found = counts('"The" (WHY) prove, theorem! Please: don\'t **explain**')
    assert found.stop_words == 2
    assert found.reasoning_words == 4
    assert found.mathematics_words == 2
    assert found.polite_words == found.negations == 1


def test_signs_are_counted_inside_words() -> None:
    found = counts("f(x) = a[0] + $3.50; \\frac{1}{2}? 'so' 😀")
    assert (found.brackets, found.question_marks, found.latex) == (8, 1, 2)
    assert (found.numbers, found.digits) == (3, 6)
    assert (found.apostrophes, found.symbols) == (2, 1)


def test_other_scripts_have_sentences_and_questions_too() -> None:
    found = counts("今天天气怎么样？我想出去走走。请给我一些建议，谢谢！")
    assert found.sentences == 3
    assert found.question_marks == 1
    assert found.clauses == 1
    assert found.long_words == 0
    assert found.non_ascii == found.characters


@pytest.mark.parametrize("word", ["https://example.com/a?b=1", "www.example.com", "ana@example.com,"])
def test_addresses(word: str) -> None:
    assert is_address(word)


@pytest.mark.parametrize("word", ["@ana", "a@", "e.g.", "1:2", "http"])
def test_what_is_no_address(word: str) -> None:
    assert not is_address(word)


def test_no_count_runs_into_the_next() -> None:
    longest = "7" * CHARACTER_LIMIT
    found = counts(longest)
    assert (found.characters, found.digits, found.numbers) == (CHARACTER_LIMIT, CHARACTER_LIMIT, 1)
    assert counts(" ".join("?" * (CHARACTER_LIMIT // 2))).question_marks == CHARACTER_LIMIT // 2


def test_the_memory_is_bounded_and_never_changes_a_count(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(word_shapes, "MAX_WORDS", 10)
    shapes = WordShapes()
    words = [f"word{number}?" for number in range(50)]
    assert shapes.total(words) == shapes.total(words)
    assert len(shapes) <= 10
    shapes.total(["x" * 100])
    assert "x" * 100 not in shapes


def test_a_word_of_punctuation_is_a_word() -> None:
    assert core_of("...") == ""
    assert counts("... ?! ()").characters == 7


@pytest.mark.parametrize(
    "word",
    [
        *("the", "The", "WHY", "prove.", "Total?", "however,", "implement;", "integral!", "API:", "a", "x"),
        *("7", "2024", "17?", "3.", "1000,", "0;", "007!"),
    ],
)
def test_plain_words_count_as_any_other(word: str) -> None:
    # what is measured sign by sign, where a sign that counts for nothing is in front
    same = counts(word)
    other = counts(f"…{word}")
    assert same._replace(characters=0) == other._replace(characters=0, non_ascii=0)
