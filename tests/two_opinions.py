"""What tests of `escalate_if=Disagreement(...)` share: three models whose answers are given, and prices."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from examples.stand_in import StandInModel, StandInServer

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
def three_models(checkers: str, latency: float = 0.0) -> Iterator[StandInServer]:
    """Serve strong, weak and a checker that gives this answer."""
    models = [
        StandInModel(STRONG, answer=STRONGS),
        StandInModel(WEAK, answer=WEAKS, latency=latency),
        StandInModel(CHECKER, answer=checkers, latency=latency),
    ]
    with StandInServer(models) as server:
        yield server
