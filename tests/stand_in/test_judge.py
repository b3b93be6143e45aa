"""The stand-in as a judge: the reply that takes up more of the question, wherever it stands."""

from routellm_core.preferences.judging.judge_prompt import judge_messages
from routellm_core.preferences.judging.verdict import parse_verdict

from examples.stand_in.answers import built_in_answer
from examples.stand_in.prompt import Prompt, Turn

QUESTION = "Name the capital of France and its longest river."
FULL, HALF = "The capital of France is Paris, its longest river the Loire.", "The capital is Paris."


def judged(first: str, second: str, *, graded: bool = False) -> str:
    messages = judge_messages(QUESTION, first, second, graded=graded)
    turns = tuple(Turn(message["role"], message["content"]) for message in messages)  # type: ignore[arg-type]
    return built_in_answer(Prompt("judge", turns)).text


def test_it_ends_in_a_verdict_that_does_not_depend_on_the_order() -> None:
    assert parse_verdict(judged(FULL, HALF)).preferred == "first"  # type: ignore[union-attr]
    assert parse_verdict(judged(HALF, FULL)).preferred == "second"  # type: ignore[union-attr]
    assert judged(FULL, HALF) == judged(FULL, HALF)


def test_the_models_names_are_no_difference() -> None:
    assert judged(f"[gpt-4o] {HALF}", f"[gpt-4o-mini] {HALF}").endswith("\n[[C]]")


def test_it_gives_grades_where_they_are_asked_for() -> None:
    verdict = parse_verdict(judged(FULL, HALF, graded=True), graded=True)

    assert verdict is not None
    assert verdict.grades is not None
    assert verdict.grades[0] > verdict.grades[1]
