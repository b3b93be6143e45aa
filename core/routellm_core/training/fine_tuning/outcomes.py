"""Outcome: how the strong and the weak class did on one prompt, as the BERT classifier's label."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from routellm_core.preferences.reading.battles import Battle
from routellm_core.preferences.reading.labels import Label
from routellm_core.training.fine_tuning.model_classes import ModelClasses, check_both_sides

STRONG_WINS, TIE, WEAK_WINS = 0, 1, 2
"""The published checkpoint's labels."""


@dataclass(frozen=True)
class Outcome:
    """One training row: a prompt and its label, 0 = strong wins, 1 = tie, 2 = weak wins."""

    prompt: str
    label: int


def read_outcomes(battles: Sequence[Battle], labels: Sequence[Label], classes: ModelClasses) -> list[Outcome]:
    """Make rows of every battle between the classes, and of every label that scores both.

    In a label, the means over each class's models are compared. Battles and labels of other models are left
    out; `len` of the result says how many were not.

    Raises:
        DataError: an unknown name, no such row, or a side that wins none or all of them.
    """
    classes.check_known(battles, labels)
    found = []
    for battle in battles:
        target = classes.side(battle)
        if target is not None:
            found.append(Outcome(battle.prompt, {1.0: STRONG_WINS, 0.5: TIE, 0.0: WEAK_WINS}[target]))
    for label in labels:
        means = classes.mean_scores(label)
        if means is not None:
            strong, weak = means
            won = STRONG_WINS if strong > weak else WEAK_WINS if weak > strong else TIE
            found.append(Outcome(label.prompt, won))
    check_both_sides(sum(row.label == STRONG_WINS for row in found), len(found), classes)
    return found
