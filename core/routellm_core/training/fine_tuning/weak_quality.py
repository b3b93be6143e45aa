"""WeakQuality: how good the weak class's answer to a prompt was, 1 to 5, as the causal LLM's label."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from routellm_core.preferences.reading.battles import Battle
from routellm_core.preferences.reading.labels import Label
from routellm_core.preferences.reading.records import DataError
from routellm_core.training.fine_tuning.model_classes import ModelClasses, check_both_sides

BATTLE_QUALITY = {1.0: 2, 0.5: 4, 0.0: 5}
"""Strong wins, tie, weak wins -> label. Ours: the published labels are a judge's scores of the weak answer,
and a battle has none. What it does say is on which side of 4, "good enough for weak", the prompt is."""


@dataclass(frozen=True)
class WeakQuality:
    """One training row: a prompt and the quality of the weak answer, a whole number from 1 to 5."""

    prompt: str
    quality: int


def read_weak_qualities(
    battles: Sequence[Battle], labels: Sequence[Label], classes: ModelClasses
) -> list[WeakQuality]:
    """Make rows of every battle between the classes, and of every label that scores a weak model.

    Scores from 1 to 5 are rounded; where all of them lie in [0, 1], such as right or wrong by a key, 0
    becomes 1 and 1 becomes 5.

    Raises:
        DataError: an unknown name, scores on another scale, no row, or all rows on one side of 4.
    """
    classes.check_known(battles, labels)
    found = []
    for battle in battles:
        target = classes.side(battle)
        if target is not None:
            found.append(WeakQuality(battle.prompt, BATTLE_QUALITY[target]))
    scored = [
        (label.prompt, [label.scores[m] for m in classes.weak if m in label.scores]) for label in labels
    ]
    means = [(prompt, sum(scores) / len(scores)) for prompt, scores in scored if scores]
    low, high = min((s for _, s in means), default=1.0), max((s for _, s in means), default=5.0)
    if low >= 0.0 and high <= 1.0:
        means = [(prompt, 1.0 + 4.0 * score) for prompt, score in means]
    elif low < 1.0 or high > 5.0:
        raise DataError(
            f"the scores of weak {list(classes.weak)} reach from {low:g} to {high:g}, expected 1 to 5 or "
            "0 to 1: bring them to one of these scales."
        )
    # Half a point up, as people round; Python's own rule goes to the even number.
    found += [WeakQuality(prompt, int(score + 0.5)) for prompt, score in means]
    check_both_sides(sum(row.quality < 4 for row in found), len(found), classes)
    return found
