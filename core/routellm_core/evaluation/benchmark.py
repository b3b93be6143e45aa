"""Benchmark: prompts with the quality of both models' answers, cleaned of what routers were trained on."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt

from routellm_core.preferences.reading.labels import Label, qualities
from routellm_core.preferences.reading.records import DataError


@dataclass(frozen=True)
class Benchmark:
    """What a router is evaluated or calibrated on.

    Attributes:
        name: for tables.
        prompts: n texts.
        weak: shape (n,), quality of the weak model's answers.
        strong: shape (n,), quality of the strong model's answers.
        dropped: how many prompts of the source were left out, and why, for the table's footnotes.
        categories: one per prompt; empty if the source has none.
        category_gains: what strong gained on the training rows of each category, for the baseline that knows
            nothing but the category; empty if there are none.
        read: what the source was read as, in words.
    """

    name: str
    prompts: Sequence[str]
    weak: npt.NDArray[np.float64]
    strong: npt.NDArray[np.float64]
    dropped: str = ""
    categories: Sequence[str] = ()
    category_gains: Mapping[str, float] = field(default_factory=dict)
    read: str = ""

    @classmethod
    def from_labels(
        cls, name: str, labels: Sequence[Label], *, strong: str, weak: str, dropped: str = ""
    ) -> Benchmark:
        """Make a benchmark from labels; categories are kept only if every label has one.

        Raises:
            DataError: there are no labels, or one lacks a model.
        """
        if not labels:
            raise DataError(f"{name} holds no labels to evaluate on.")
        categories = [label.category for label in labels]
        return cls(
            name=name,
            prompts=[label.prompt for label in labels],
            weak=qualities(labels, weak, name),
            strong=qualities(labels, strong, name),
            dropped=dropped,
            categories=categories if all(categories) else (),
        )

    def in_hash_order(self) -> Benchmark:
        """Return the benchmark in an order that has nothing to do with the qualities, without categories.

        The same labels then give the same certificate, however their file is sorted.
        """
        order = sorted(
            range(len(self.prompts)),
            key=lambda row: hashlib.sha256(self.prompts[row].encode("utf-8", "surrogatepass")).digest(),
        )
        return replace(
            self,
            prompts=[self.prompts[row] for row in order],
            weak=self.weak[order],
            strong=self.strong[order],
            categories=(),
        )

    def where(self, kept: npt.NDArray[np.bool_], reason: str) -> Benchmark:
        """Return the benchmark with only the kept prompts; `reason` describes the others.

        Args:
            kept: shape (n,).
            reason: such as "near-duplicates of gold".
        """
        rows = np.nonzero(kept)[0].tolist()
        left_out = len(kept) - len(rows)
        if not left_out:
            return self
        said = f"{left_out:,} {reason}"
        return replace(
            self,
            prompts=[self.prompts[row] for row in rows],
            weak=self.weak[rows],
            strong=self.strong[rows],
            dropped=f"{self.dropped}, {said}" if self.dropped else said,
            categories=[self.categories[row] for row in rows] if self.categories else (),
        )


def category_gains(labels: Sequence[Label], *, strong: str, weak: str) -> dict[str, float]:
    """Return what the strong model gained on average in each category; labels without one are left out.

    Raises:
        DataError: a label lacks a model.
    """
    told = [label for label in labels if label.category]
    gains = qualities(told, strong, "labels") - qualities(told, weak, "labels")
    names = np.array([label.category for label in told])
    return {str(name): float(gains[names == name].mean()) for name in np.unique(names)}


def merged_duplicates(labels: Sequence[Label]) -> tuple[list[Label], int]:
    """Return one label per distinct prompt, scores averaged over its labels, and how many were merged away.

    Two labels of one prompt are not two independent draws: an interval that counts them as two is too narrow.
    For a model missing from one of them, the mean is over the others.
    """
    by_prompt: dict[str, list[Label]] = {}
    for label in labels:
        by_prompt.setdefault(label.prompt, []).append(label)
    return [_mean(group) for group in by_prompt.values()], len(labels) - len(by_prompt)


def _mean(labels: Sequence[Label]) -> Label:
    if len(labels) == 1:
        return labels[0]
    models = dict.fromkeys(model for label in labels for model in label.scores)
    scores = {
        model: float(np.mean([label.scores[model] for label in labels if model in label.scores]))
        for model in models
    }
    return Label(labels[0].prompt, scores, labels[0].category)
