"""What tests of a routed pair in production share: a router by number, prices, and what a log holds."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from threading import Event
from typing import Any

import numpy as np

from routellm_core import Router
from routellm_core.router import Scores

PRICES = {"strong": {"input": 1e6, "output": 0.0}, "weak": {"input": 0.0, "output": 0.0}}
"""An input token of strong costs 1."""


class NumberRouter(Router):
    """Scores a prompt by the number that it ends in, in thousandths."""

    scores_inline = True
    score_quantiles = np.linspace(0.0, 1.0, 101)

    def score(self, prompts: Sequence[str]) -> Scores:
        return np.array([int(prompt.rsplit(" ", 1)[-1]) / 1_000 for prompt in prompts])

    @property
    def fingerprint(self) -> str | None:
        return "numbers"


def prompts(numbers: Sequence[int]) -> list[str]:
    """Prompts that score those thousandths."""
    return [f"What comes after the number {number}" for number in numbers]


def rows_of(llm: Any, path: Path) -> list[dict[str, Any]]:
    """What is in a pair's log by now."""
    assert llm.decision_log.flush()
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def told_row(make: Callable[..., Any], ask: Callable[[Any, str], Any], **settings: Any) -> dict[str, Any]:
    """The row that `on_decision` is given for one call."""
    told: list[dict[str, Any]] = []
    heard = Event()

    def hear(row: dict[str, Any]) -> None:
        told.append(row)
        heard.set()

    ask(make(router=NumberRouter(), threshold=0.5, on_decision=hear, **settings), prompts([900])[0])
    assert heard.wait(10.0)
    return told[0]
