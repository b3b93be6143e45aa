"""Labelled prompts for tests: word problems that the weak model fails if they are long chains of steps."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from routellm_core.preferences.reading.labels import Label

_THINGS = ("apples", "books", "coins", "tickets", "pencils", "stamps", "shells", "cards")
_NAMES = ("Ann", "Bo", "Cem", "Dee", "Eva", "Finn", "Gus", "Hana")


def labelled(count: int, *, seed: int = 0, noise: float = 0.1, easy_fail: bool = False) -> list[Label]:
    """Return labels of the models "big" and "small": small fails chains of steps, big fails by chance.

    With `easy_fail` small fails the others, which no router that orders by length or steps foresees.
    """
    rng = np.random.default_rng(seed)
    labels = []
    for number in range(count):
        hard = bool(rng.integers(2))
        name, thing = _NAMES[rng.integers(8)], _THINGS[rng.integers(8)]
        text = f"{name} has {rng.integers(3, 90)} {thing} and buys {rng.integers(3, 90)} more."
        if hard:
            text += f" Then {name} gives a third of them to each of {rng.integers(2, 9)} friends, twice."
        text += f" How many {thing} does {name} have now, in case {number}?"
        wrong = rng.random() < noise
        labels.append(
            Label(text, {"big": float(rng.random() > noise), "small": float((hard != easy_fail) == wrong)})
        )
    return labels


def write_labels(path: Path, labels: Sequence[Label]) -> str:
    """Write JSON Lines and return the path."""
    return write_rows(path, [label.to_dict() for label in labels])


def write_rows(path: Path, rows: Sequence[dict[str, Any]]) -> str:
    """Write JSON Lines and return the path."""
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return str(path)
