"""OwnLabels: what a user's files say of two models' answers, whichever kind of label they hold.

Scores of both models, scores of the weak model alone and battles, in one file or in several. A battle is read
as one answer of quality 1 and one of quality 0, a tie as two of 0.5.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from routellm_core.logits import Floats
from routellm_core.preferences.reading.battles import Battle
from routellm_core.preferences.reading.labels import Label
from routellm_core.preferences.reading.records import DataError

LEFT_OUT = "left out"

FEWEST = 10
"""Distinct labelled prompts below which nothing is fitted."""


@dataclass(frozen=True, eq=False)
class OwnLabels:
    """One row per distinct prompt, in an order that follows from the prompts alone.

    Attributes:
        prompts: n texts.
        strong: shape (n,), quality of the strong model's answer in [0, 1]; NaN where it was not graded.
        weak: shape (n,), of the weak model's; NaN likewise.
        votes: shape (n,), True where the qualities come from battles alone.
        counts: what was read: "scores of both", "scores of weak alone", "battles" and so on -> rows.
        scale: the lowest and the highest score in the files, which became 0 and 1.
    """

    prompts: list[str]
    strong: Floats
    weak: Floats
    votes: npt.NDArray[np.bool_]
    counts: dict[str, int]
    scale: tuple[float, float]

    @property
    def repeated(self) -> int:
        """How many of the rows that were used repeat another's prompt."""
        used = sum(count for what, count in self.counts.items() if LEFT_OUT not in what)
        return used - len(self.prompts)

    @property
    def both(self) -> npt.NDArray[np.bool_]:
        """Which rows tell both models' qualities, shape (n,)."""
        return np.isfinite(self.strong) & np.isfinite(self.weak)

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for a report."""
        return {"rows": dict(self.counts), "prompts": len(self.prompts), "scale": list(self.scale)}


def own_labels(rows: Iterable[Label | Battle], *, strong: str, weak: str) -> OwnLabels:
    """Gather rows; several of one prompt become their mean.

    Args:
        rows: labels and battles in any order; those of other models alone are left out and counted.
        strong: the strong model's name in them.
        weak: the weak model's name.

    Raises:
        DataError: fewer than `FEWEST` distinct prompts, a model that no row names, or nothing to order by.
    """
    if strong == weak:
        raise DataError(f"strong and weak are both {strong!r}: two models are needed.")
    gathered = _Gathered(strong, weak)
    for row in rows:
        gathered.add(row)
    return gathered.labels()


class _Gathered:
    def __init__(self, strong: str, weak: str) -> None:
        self.strong, self.weak = strong, weak
        self.scores: dict[str, list[tuple[float | None, float | None]]] = {}
        self.battles: dict[str, list[tuple[float, float]]] = {}
        self.counts: dict[str, int] = {}
        self.models: set[str] = set()

    def add(self, row: Label | Battle) -> None:
        if isinstance(row, Battle):
            self._add_battle(row)
        else:
            self._add_label(row)

    def labels(self) -> OwnLabels:
        prompts = sorted({*self.scores, *self.battles}, key=_rank)
        for role, model in (("strong", self.strong), ("weak", self.weak)):
            if model not in self.models and not (role == "strong" and self.scores):
                known = ", ".join(map(repr, sorted(self.models)[:20])) or "none"
                raise DataError(f"{role} is {model!r}, which occurs in no row: the models are {known}.")
        if len(prompts) < FEWEST:
            raise DataError(
                f"the files hold {len(prompts)} distinct prompts with a label of {self.strong!r} or "
                f"{self.weak!r}, expected {FEWEST} at least, better 100."
            )
        low, high = self._scale()
        qualities = np.array([self._quality(prompt, low, high) for prompt in prompts])  # (n, 2)
        votes = np.array([prompt not in self.scores for prompt in prompts])
        labels = OwnLabels(
            prompts, qualities[:, 0], qualities[:, 1], votes, dict(sorted(self.counts.items())), (low, high)
        )
        _check(labels, self.strong, self.weak)
        return labels

    def _add_battle(self, battle: Battle) -> None:
        self.models |= {battle.model_a, battle.model_b}
        if {battle.model_a, battle.model_b} != {self.strong, self.weak}:
            self._count(f"battles of other models, {LEFT_OUT}")
            return
        won = battle.target if battle.model_a == self.strong else 1.0 - battle.target
        self.battles.setdefault(battle.prompt, []).append((won, 1.0 - won))
        self._count("battles")

    def _add_label(self, label: Label) -> None:
        self.models |= label.scores.keys()
        strong, weak = label.scores.get(self.strong), label.scores.get(self.weak)
        if strong is None and weak is None:
            self._count(f"labels of other models, {LEFT_OUT}")
            return
        self.scores.setdefault(label.prompt, []).append((strong, weak))
        missing = "scores of strong alone" if weak is None else "scores of weak alone"
        self._count("scores of both" if strong is not None and weak is not None else missing)

    def _count(self, what: str) -> None:
        self.counts[what] = self.counts.get(what, 0) + 1

    def _scale(self) -> tuple[float, float]:
        told = [
            score for pairs in self.scores.values() for pair in pairs for score in pair if score is not None
        ]
        return (min(told, default=0.0), max(told, default=1.0))

    def _quality(self, prompt: str, low: float, high: float) -> tuple[float, float]:
        # Scores say more than votes: a prompt that has both kinds is read by its scores.
        if prompt not in self.scores:
            return _means(self.battles[prompt])
        width = (high - low) or 1.0
        strong, weak = _means(self.scores[prompt])
        return (strong - low) / width, (weak - low) / width


def _check(labels: OwnLabels, strong: str, weak: str) -> None:
    both = labels.both
    gain = labels.strong[both] - labels.weak[both]
    if both.any() and gain.mean() < -1e-12:
        raise DataError(
            f"strong is {strong!r}, whose mean quality is {labels.strong[both].mean():.3f}, below the "
            f"{labels.weak[both].mean():.3f} of {weak!r}: are --strong and --weak swapped? If not, always "
            "calling the other model is better and costs less."
        )
    constant = all(np.ptp(known) < 1e-9 for known in _known(labels.strong, labels.weak) if len(known))
    if constant or (len(gain) == len(labels.prompts) and np.ptp(gain) < 1e-9):
        raise DataError(
            f"all {len(labels.prompts)} labels rate {strong!r} and {weak!r} alike: there is nothing to "
            "order prompts by. Label more prompts, or grade on a finer scale."
        )
    if both.any() and gain.mean() <= 1e-12:
        raise DataError(
            f"{strong!r} is on average no better than {weak!r} on these labels: there is no gap to recover. "
            "Label more prompts, or always call the cheaper model."
        )


def _known(*columns: Floats) -> list[Floats]:
    return [column[np.isfinite(column)] for column in columns]


def _means(pairs: Sequence[tuple[float | None, float | None]]) -> tuple[float, float]:
    return (_mean([strong for strong, _ in pairs]), _mean([weak for _, weak in pairs]))


def _mean(values: Sequence[float | None]) -> float:
    told = [value for value in values if value is not None]
    return sum(told) / len(told) if told else float("nan")


def _rank(prompt: str) -> bytes:
    return hashlib.sha256(prompt.encode("utf-8", "surrogatepass")).digest()
