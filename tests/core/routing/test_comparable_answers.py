"""What answers come to: numbers, choices, labels and values are compared, prose and programs are not."""

import time

import pytest

from routellm_core.routing.comparable_answers import final_answer, same_answer

SAME = [
    ("42", "The answer is 42."),
    ("So in total she pays $1,234.00.", "#### 1234"),
    ("\\boxed{3/4}", "0.75"),
    ("First 3, then 4.\n\nThat makes **7** in all.", "7"),
    ("B", "(B) Paris"),
    ("Answer: C", "The answer is (C)."),
    ("spam", "Spam."),
    ("Answer: not spam", "not spam"),
    ("[1, 2]", "[1,2]"),
    ("```\n{'a': [1, 2]}\n```", '{"a": [1, 2]}'),
    ("[ANSWER]'abc'[/ANSWER]", "abc"),
    ('{"ok": true}', '{"ok":true}'),
    ('{"name": "Ann", "ages": [{"of": 1, "at": 2}]}', '{"ages": [{"at": 2.0, "of": 1}], "name": "Ann"}'),
    ("{'b', 'a', 'c'}", "{'c', 'a', 'b'}"),
]
OTHER = [
    ("42", "The answer is 41."),
    ("1,234", "1234.5"),
    ("B", "(C) Paris"),
    ("spam", "not spam"),
    ("yes", "no"),
    ("[1, 2]", "[2, 1]"),
    ("[1, 2]", "(1, 2)"),
    ('{"a": 1, "b": 2}', '{"a": 2, "b": 1}'),
    ("[true]", "[1]"),
    ("42", "I am not sure what to say here, and would rather not give you any number at all, my friend."),
    ("", "x"),
]
PROSE = [
    "Paris is the capital of France, a city known for its river and for its many bridges and museums.",
    "```python\nprint(1)\n```",
    "Certainly! Here is a poem.\n\nThe wind is in the trees,\nthe river in the sea.",
    "",
]


@pytest.mark.parametrize(("one", "other"), SAME)
def test_these_come_to_the_same(one: str, other: str) -> None:
    assert same_answer(one, other)
    assert same_answer(other, one)


@pytest.mark.parametrize(("one", "other"), OTHER)
def test_these_do_not(one: str, other: str) -> None:
    assert not same_answer(one, other)
    assert not same_answer(other, one)


@pytest.mark.parametrize("text", PROSE)
def test_prose_and_programs_come_to_nothing_and_count_as_the_same(text: str) -> None:
    assert final_answer(text) is None
    assert same_answer(text, PROSE[0])


def test_objects_are_compared_as_they_are() -> None:
    assert same_answer({"a": 1}, {"a": 1})
    assert not same_answer(["a"], "a")


@pytest.mark.parametrize("part", ["(", "[", "answer is ", "```", "1,", "####", "{'a':", "9" * 50, "-1/0 "])
def test_no_text_takes_long_or_raises(part: str) -> None:
    start = time.process_time()
    for text in (part * 20_000, part * 15, part):
        assert same_answer(text, text)
    assert time.process_time() - start < 1


@pytest.mark.parametrize("text", ["{[1]: 2}", "{{}}", "{'a': {[]}}", "[1e999]"])
def test_what_python_can_not_make_is_no_error(text: str) -> None:
    assert same_answer(text, text)
