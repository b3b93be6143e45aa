"""Follow-ups that lean on what came before, and questions that stand alone, in three languages."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from routellm_core.routing.follow_up import leans

HERE = Path(__file__).parent
PAGE = HERE.parents[2] / "docs" / "scored_text.md"


def rows() -> list[dict[str, str]]:
    with (HERE / "follow_ups.tsv").open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE))


def wrong(kind: str, *sets: str) -> tuple[int, int]:
    """Return how many of a kind the rule gets wrong, and how many there are."""
    chosen = [row["text"] for row in rows() if row["kind"] == kind and row["set"] in sets]
    return sum(leans(text) != (kind == "follow_up") for text in chosen), len(chosen)


@pytest.mark.parametrize("row", [row for row in rows() if row["set"] == "tuned"], ids=lambda row: row["text"])
def test_the_messages_that_the_rule_was_made_on(row: dict[str, str]) -> None:
    assert leans(row["text"]) == (row["kind"] == "follow_up")


def test_the_page_tells_the_errors_on_messages_that_came_later() -> None:
    missed, follow_ups = wrong("follow_up", "held")
    taken, questions = wrong("fresh", "held")
    assert min(follow_ups, questions) >= 60
    page = PAGE.read_text(encoding="utf-8")
    assert f"{missed} of {follow_ups} follow-ups" in page
    assert f"{taken} of {questions} questions" in page


def test_long_messages_stand_alone() -> None:
    assert leans("do that again")
    assert not leans("do that again " * 8)
    assert not leans("do that again, " + "x" * 100_000)


@pytest.mark.parametrize("text", ["?", "...", "👍", "42", "да", "もっと", "OK!", "¿?"])
def test_what_says_next_to_nothing_leans(text: str) -> None:
    assert leans(text)


def test_another_language_stands_alone_from_sixteen_characters() -> None:
    assert not leans("Quelle est la capitale de la Norvège ?")
    assert not leans("Столица Норвегии какая?")
