"""AdaptationReport: what the labels say of an adapted router, its base router, prompt length and chance."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from routellm_core.evaluation.bootstrap import Interval, chance_interval
from routellm_core.evaluation.comparison import Comparison, Difference, compare_orders
from routellm_core.evaluation.evaluation import LENGTH
from routellm_core.training.adaptation.fitting import Fitting
from routellm_core.training.adaptation.next_labels import NextLabels, next_labels
from routellm_core.training.adaptation.two_qualities import TwoQualities

CHANCE = "chance"
FEWEST_BOTH = 20
"""Labels of both models below which the strong one's answers are taken to be right."""


@dataclass(frozen=True)
class AdaptationReport:
    """APGRs on the labels, each prompt scored by a fit without its own label.

    Attributes:
        prompts: how many labels it is measured on.
        strong_assumed: whether the strong model's answers are taken to be right, since too few were graded.
        apgr: "adapted", the base router's name, "prompt length" and "chance" -> APGR.
        intervals: the same names -> 95 % interval; of chance where a single random order lies.
        differences: adapted against the base router and against prompt length.
        next_labels: what a hundred more are likely to add.
        support: share of the prompts of a kind that the base router is a prior for.
        repeated: labels of prompts that have several, which were averaged.
    """

    prompts: int
    strong_assumed: bool
    apgr: Mapping[str, float]
    intervals: Mapping[str, Interval]
    differences: tuple[Difference, ...]
    next_labels: NextLabels
    support: float
    repeated: int

    @property
    def gains_over_chance(self) -> bool:
        """Whether the adapted router's whole interval lies above 0.5."""
        return self.intervals[ADAPTED][0] > 0.5

    @property
    def gains_over_base(self) -> bool:
        """Whether the difference's whole interval lies above 0."""
        return self.differences[0].interval[0] > 0.0

    def lines(self) -> list[str]:
        """Return what a person reads at the end of an adaptation."""
        width = max(map(len, self.apgr))
        rows = [f"{'':{width}}  APGR   95 %"]
        for name, value in self.apgr.items():
            low, high = self.intervals[name]
            rows.append(f"{name:{width}}  {value:.3f}  {low:.3f}-{high:.3f}")
        more = self.next_labels
        low, high = more.interval
        rows += [
            f"on {self.prompts:,} labels, each prompt scored without its own label"
            + (", with strong's answers assumed right" if self.strong_assumed else ""),
            *(f"{difference.sentence}." for difference in self.differences),
            f"Another {more.labels} labels are likely to add {more.added:.3f} ({low:.3f} to {high:.3f}).",
        ]
        if self.repeated:
            rows.append(
                f"{self.repeated:,} labels repeat a prompt and were averaged with the others of that prompt."
            )
        if not self.gains_over_chance:
            rows.append("Not better than chance on these labels: add labels.")
        return rows

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        return {
            "prompts": self.prompts,
            "strong_assumed": self.strong_assumed,
            "apgr": dict(self.apgr),
            "intervals": {name: list(ends) for name, ends in self.intervals.items()},
            "differences": [difference.to_dict() for difference in self.differences],
            "next_labels": {**vars(self.next_labels), "interval": list(self.next_labels.interval)},
            "support": self.support,
            "repeated": self.repeated,
            "better_than_chance": self.gains_over_chance,
        }


ADAPTED = "adapted"


def adaptation_report(fitting: Fitting, fit: TwoQualities, base: str) -> AdaptationReport:
    """Measure a fit.

    Args:
        fitting: what it was fitted to.
        fit: to all labels.
        base: the base router's name.
    """
    labels, vectors = fitting.labels, fitting.vectors
    assumed = int(labels.both.sum()) < FEWEST_BOTH
    rows = np.flatnonzero(np.isfinite(labels.weak) if assumed else labels.both)
    strong = np.ones(len(rows)) if assumed else labels.strong[rows]
    gain = strong - labels.weak[rows]
    if base == ADAPTED:
        base = "base router"
    orders = {ADAPTED: fitting.left_out(fit)[rows], base: vectors.scores[rows], LENGTH: vectors.lengths[rows]}
    found = compare_orders(orders, gain)
    return AdaptationReport(
        len(rows),
        assumed,
        {**found.apgr, CHANCE: 0.5},
        {**_intervals(found), CHANCE: chance_interval(gain)},
        (found.difference(ADAPTED, base), found.difference(ADAPTED, LENGTH)),
        next_labels(lambda chosen: fitting.order(rows[chosen])[rows], gain),
        float(np.mean([kind in fitting.scaling.prior_centres for kind in vectors.kinds])),
        labels.repeated,
    )


def _intervals(found: Comparison) -> dict[str, Interval]:
    return {name: found.interval(name) for name in found.apgr}
