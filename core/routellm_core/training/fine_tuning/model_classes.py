"""ModelClasses: which models stand for the strong and which for the weak side (paper, section 4.1)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from routellm_core.preferences.reading.battles import Battle
from routellm_core.preferences.reading.labels import Label
from routellm_core.preferences.reading.records import DataError


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
            raise ValueError(f"{both} is among the strong and the weak models; a model has one side.")

    @classmethod
    def from_lists(cls, strong: str, weak: str) -> ModelClasses:
        """Read two lists of names, each separated by commas."""
        return cls(*(tuple(name.strip() for name in names.split(",")) for names in (strong, weak)))

    def check_known(self, battles: Iterable[Battle], labels: Iterable[Label]) -> None:
        """Refuse a name that occurs nowhere in the data.

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
        """Return 1 where the strong side won, 0 where the weak side did, 0.5 for a tie; None for others."""
        if battle.model_a in self.strong and battle.model_b in self.weak:
            return battle.target
        if battle.model_b in self.strong and battle.model_a in self.weak:
            return 1.0 - battle.target
        return None

    def mean_scores(self, label: Label) -> tuple[float, float] | None:
        """Return the mean score of each side's models in a label, strong first; None where one has none."""
        sides = [[label.scores[m] for m in names if m in label.scores] for names in (self.strong, self.weak)]
        if not all(sides):
            return None
        strong, weak = (sum(scores) / len(scores) for scores in sides)
        return strong, weak


def check_both_sides(strong_wins: int, rows: int, classes: ModelClasses) -> None:
    """Refuse data in which one side always has it.

    Raises:
        DataError: no row of the two classes, or the strong side wins none, or all of them.
    """
    sides = f"strong {_named(classes.strong)} and weak {_named(classes.weak)}"
    if rows == 0:
        raise DataError(f"no battle or label compares {sides}: give data in which they meet.")
    if strong_wins in (0, rows):
        found = "none" if strong_wins == 0 else "all"
        raise DataError(
            f"of {rows} comparisons of {sides} the strong side wins {found}: there is nothing to tell "
            "prompts apart by. Check that --strong and --weak are not swapped, or give more data."
        )


def _named(names: Sequence[str]) -> str:
    return ", ".join(map(repr, names))
