"""Variables found again in rendered text, as a regular expression would find them, in linear time."""

import random
import re

import pytest

from llamaindex_routellm.rendered_template import RenderedTemplate, between

TEMPLATES = [
    "x {a} y {b} z",
    "x {a}\n{b}",
    "x{a}y{b}",
    "x{a}y{b} \n",
    "q{a}yy{b}yy",
    "x{{ a }}:{b}: ",
    "x{a}",
]


def by_expression(template: str) -> re.Pattern[str]:
    parts = re.split(r"\{\{\s*(\w+)\s*\}\}|\{(\w+)\}", template)
    variables = zip(parts[1::3], parts[2::3], parts[3::3], strict=True)
    groups = "".join(f"(?P<{a or b}>.*?){re.escape(literal)}" for a, b, literal in variables)
    return re.compile(re.escape(parts[0]) + groups + r"\s*\Z", re.DOTALL)


@pytest.mark.parametrize("template", TEMPLATES)
def test_variables_are_what_an_expression_finds(template: str) -> None:
    chance = random.Random(0)
    expression, rendered = by_expression(template), RenderedTemplate.from_template(template)
    fixed = re.split(r"\{\{?\s*\w+\s*\}?\}", template)
    for _ in range(3_000):
        text = fixed[0] + "".join(chance.choices([*fixed, "a", " ", "\n", "y", ":", "z"], k=6))
        found = expression.match(text)

        assert rendered.variables(text) == (found.groupdict() if found else None)


def test_another_text_has_no_variables() -> None:
    assert RenderedTemplate.from_template("Question: {query}").variables("What is 2+2?") is None


def test_what_stands_between_two_marks() -> None:
    assert list(between("<a>1</a><a><a>2</a></a><a>3", "<a>", "</a>")) == ["1", "<a>2"]
    assert list(between("<a>" * 100_000, "<a>", "</a>")) == []
