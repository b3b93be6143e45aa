"""What tests of `escalate_if=Disagreement(...)` share: three models whose answers are given, and prices."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from examples.stand_in import Answer, StandInModel, StandInServer, ToolCall
from examples.stand_in.model import Script

PRICES = {"strong": {"input": 1e6, "output": 0.0}, "weak": {"input": 1e4, "output": 0.0}}
"""An input token of strong costs 1, one of weak 0.01."""

CHECKER_PRICE = {"input": 1e3, "output": 0.0}
"""One of the checker costs 0.001."""

STRONG, WEAK, CHECKER = "gpt-4o", "gpt-4o-mini", "gpt-4.1-nano"

WEAKS, SAME, OTHER, STRONGS = (
    "So she pays 1,200 dollars.",
    "#### 1200",
    "It is 1100.",
    "She pays 1,300 dollars.",
)


@contextmanager
def three_models(
    checkers: Script,
    latency: float = 0.0,
    weaks: Script = WEAKS,
    strongs: Script = STRONGS,
) -> Iterator[StandInServer]:
    """Serve strong, weak and a checker that gives this answer."""
    models = [
        StandInModel(STRONG, answer=strongs),
        StandInModel(WEAK, answer=weaks, latency=latency),
        StandInModel(CHECKER, answer=checkers, latency=latency),
    ]
    with StandInServer(models) as server:
        yield server


def calling(*calls: tuple[str, dict[str, object]]) -> Answer:
    """An answer that calls tools."""
    return Answer(tool_calls=tuple(ToolCall(name, arguments) for name, arguments in calls))


ADDS, OTHER_SUM, STRONGS_SUM = (calling(("add", {"a": 2, "b": b})) for b in (3, 4, 5))

COUNTS = "[" + ", ".join(str(number) for number in range(1_000)) + "]"
"""JSON that is longer than what is read of a text."""
