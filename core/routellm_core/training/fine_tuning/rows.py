"""Rows: which models are on which side (paper, section 4.1), and the resulting label of each prompt."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from routellm_core.preferences.reading.battles import Battle
from routellm_core.preferences.reading.labels import Label
from routellm_core.preferences.reading.records import DataError

STRONG_WINS, TIE, WEAK_WINS = 0, 1, 2
"""The published BERT checkpoint's labels."""

BATTLE_QUALITY = {1.0: 2, 0.5: 4, 0.0: 5}
"""Strong wins, tie, weak wins -> label. Ours: the published labels are a judge's scores of the weak answer,
and a battle has none. It only shows on which side of `GOOD` the prompt is."""

GOOD = 4
"""The lowest quality at which weak is good enough."""


@dataclass(frozen=True)
class LabelledPrompt:
    """One training row.

    Attributes:
        prompt: the text to read.
        label: the class to predict, counted from 0.
    """

    prompt: str
    label: int


@dataclass(frozen=True)
class ModelClasses:
    """Two disjoint classes of models; one name each is a pair.

    Attributes:
        strong: names on the strong side.
        weak: names on the weak side.
    """

    strong: tuple[str, ...]
    weak: tuple[str, ...]

    def __post_init__(self) -> None:
        for role, names in (("strong", self.strong), ("weak", self.weak)):
            if not names or not all(names):
                raise ValueError(f"{role} is {', '.join(names)!r}, expected names of models.")
        both = sorted(set(self.strong) & set(self.weak))
        if both:
            raise ValueError(f"{both} is given as strong and as weak; a model has one side.")

    @classmethod
    def from_lists(cls, strong: str, weak: str) -> ModelClasses:
        """Read two lists of names, each separated by commas."""
        return cls(*(tuple(name.strip() for name in names.split(",")) for names in (strong, weak)))

    def check_known(self, battles: Iterable[Battle], labels: Iterable[Label]) -> None:
        """Reject a name that occurs nowhere in the data.

        Raises:
            DataError: names it and those that occur.
        """
        known = {name for battle in battles for name in (battle.model_a, battle.model_b)}
        known |= {name for label in labels for name in label.scores}
        for role, names in (("strong", self.strong), ("weak", self.weak)):
            for name in names:
                if name not in known:
                    raise DataError(f"{role} is {name!r}, which occurs nowhere: known are {sorted(known)}.")

    def side(self, battle: Battle) -> float | None:
        """Return 1 if the strong side won, 0 if the weak side did, 0.5 for a tie; None for others."""
        if battle.model_a in self.strong and battle.model_b in self.weak:
            return battle.target
        if battle.model_b in self.strong and battle.model_a in self.weak:
            return 1.0 - battle.target
        return None

    def mean_scores(self, label: Label) -> tuple[float, float] | None:
        """Return the mean score of each side's models in a label, strong first; None if one has none."""
        sides = [[label.scores[m] for m in names if m in label.scores] for names in (self.strong, self.weak)]
        if not all(sides):
            return None
        strong, weak = (sum(scores) / len(scores) for scores in sides)
        return strong, weak


def read_outcomes(
    battles: Sequence[Battle], labels: Sequence[Label], classes: ModelClasses
) -> list[LabelledPrompt]:
    """Make rows for BERT: 0 where the strong class wins, 1 for a tie, 2 where the weak class wins.

    Rows are of every battle between the classes, and of every label that scores both.
    In a label, the means over each class's models are compared. Battles and labels of other models are left
    out; `len` of the result is the number used.

    Raises:
        DataError: an unknown name, no such row, or a side that wins none or all of them.
    """
    classes.check_known(battles, labels)
    found = []
    for battle in battles:
        target = classes.side(battle)
        if target is not None:
            found.append(LabelledPrompt(battle.prompt, {1.0: STRONG_WINS, 0.5: TIE, 0.0: WEAK_WINS}[target]))
    for label in labels:
        means = classes.mean_scores(label)
        if means is not None:
            strong, weak = means
            won = STRONG_WINS if strong > weak else WEAK_WINS if weak > strong else TIE
            found.append(LabelledPrompt(label.prompt, won))
    _check_both_sides(sum(row.label == STRONG_WINS for row in found), len(found), classes)
    return found


def read_weak_qualities(
    battles: Sequence[Battle], labels: Sequence[Label], classes: ModelClasses
) -> list[LabelledPrompt]:
    """Make rows for the causal LLM: label n is quality n + 1 of the weak answer, from 1 to 5.

    Rows are of every battle between the classes, and of every label that scores a weak model.

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
            found.append(LabelledPrompt(battle.prompt, BATTLE_QUALITY[target] - 1))
    scored = [
        (label.prompt, [label.scores[m] for m in classes.weak if m in label.scores]) for label in labels
    ]
    means = [(prompt, sum(scores) / len(scores)) for prompt, scores in scored if scores]
    low, high = min((s for _, s in means), default=1.0), max((s for _, s in means), default=5.0)
    if low >= 0.0 and high <= 1.0:
        means = [(prompt, 1.0 + 4.0 * score) for prompt, score in means]
    elif low < 1.0 or high > 5.0:
        raise DataError(
            f"the scores of weak {list(classes.weak)} range from {low:g} to {high:g}, expected 1 to 5 or "
            "0 to 1: rescale them."
        )
    # Halves are rounded up, as people expect; Python rounds them to even.
    found += [LabelledPrompt(prompt, int(score + 0.5) - 1) for prompt, score in means]
    _check_both_sides(sum(row.label < GOOD - 1 for row in found), len(found), classes)
    return found


def _check_both_sides(strong_wins: int, rows: int, classes: ModelClasses) -> None:
    """Reject data in which one side always wins.

    Raises:
        DataError: no row of the two classes, or the strong side wins none, or all of them.
    """
    sides = f"strong {_named(classes.strong)} and weak {_named(classes.weak)}"
    if rows == 0:
        raise DataError(f"no battle or label compares {sides}: give data that does.")
    if strong_wins in (0, rows):
        found = "none" if strong_wins == 0 else "all"
        raise DataError(
            f"the strong side wins {found} of {rows} comparisons of {sides}: nothing distinguishes the "
            "prompts. Check that --strong and --weak are not swapped, or give more data."
        )


def _named(names: Sequence[str]) -> str:
    return ", ".join(map(repr, names))
