"""Evaluation: one router on one benchmark, as a frozen result for tables and plots."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from routellm_core.evaluation.benchmark import Benchmark
from routellm_core.evaluation.bootstrap import CurveIntervals, chance_interval, curve_intervals
from routellm_core.evaluation.categories import CategoryResult, category_results
from routellm_core.evaluation.comparison import Difference, compare_orders
from routellm_core.evaluation.cost_quality import aiq
from routellm_core.evaluation.held_out import HeldOutCPT, cpt_held_out
from routellm_core.evaluation.metrics import apgr, cpt, pgr_curve
from routellm_core.logits import Floats
from routellm_core.router import Router

TARGETS = (0.2, 0.5, 0.8)

FEWEST_FOR_HALVES = 40
"""Fewest prompts for choosing a threshold on half of them."""

LENGTH = "prompt length"

OUTSIDE = 0.05
"""A prompt is outside a router's training data if under this share of training prompts are farther away."""


@dataclass(frozen=True)
class Costs:
    """What each prompt costs, shape (n,) each."""

    weak: Floats
    strong: Floats


@dataclass(frozen=True)
class Evaluation:
    """The result of one router on one benchmark.

    Attributes:
        router: its name.
        benchmark: its name.
        prompts: how many were scored.
        dropped: what was left out of the source, and why.
        weak_quality: mean quality of always calling the weak model.
        strong_quality: mean quality of always calling the strong model.
        apgr: exact area, see `metrics.apgr`.
        apgr_published: the original code's 11-point estimate.
        cpt: target -> smallest share of strong calls that reaches it, for `TARGETS`; NaN if never.
        cpt_held_out: the same with the threshold chosen on one half and measured on the other; empty for few
            prompts.
        intervals: 95 % bootstrap intervals over prompts.
        curve: shares and PGR of the exact curve.
        aiq: see `cost_quality.aiq`; None without costs.
        similarity: mean similarity of the prompts to the router's training prompts; None if unknown.
        outside: share of the prompts that lie outside what it was trained on, see `OUTSIDE`; None if unknown.
        categories: one result per category, where the benchmark has them.
        baseline: whether this is a baseline rather than a router.
        differences: how much this router's APGR is above those of the routers after it and of prompt length.
    """

    router: str
    benchmark: str
    prompts: int
    dropped: str
    weak_quality: float
    strong_quality: float
    apgr: float
    apgr_published: float
    cpt: dict[float, float]
    cpt_held_out: dict[float, HeldOutCPT]
    intervals: CurveIntervals
    curve: tuple[Floats, Floats] = field(repr=False, compare=False)
    aiq: float | None = None
    similarity: float | None = None
    outside: float | None = None
    categories: Sequence[CategoryResult] = ()
    baseline: bool = False
    differences: Sequence[Difference] = ()

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON, the curve left out; a CPT that is never reached is None."""
        plain = ("router", "benchmark", "prompts", "dropped", "weak_quality", "strong_quality", "apgr")
        values: dict[str, Any] = {name: getattr(self, name) for name in plain}
        low, high = self.intervals.apgr
        values |= {"apgr_low": low, "apgr_high": high, "apgr_published": self.apgr_published}
        values["cpt"] = {f"{t:g}": None if math.isnan(share) else share for t, share in self.cpt.items()}
        values["cpt_interval"] = {f"{t:g}": list(ends) for t, ends in self.intervals.cpt.items()}
        values["cpt_held_out"] = {
            f"{t:g}": {"share": found.share, "pgr": found.pgr} for t, found in self.cpt_held_out.items()
        }
        values |= {"aiq": self.aiq, "similarity": self.similarity, "outside": self.outside}
        values["categories"] = [vars(result) for result in self.categories]
        values["differences"] = [difference.to_dict() for difference in self.differences]
        return values | {"baseline": self.baseline}


def evaluate(
    router: Router, benchmark: Benchmark, *, costs: Costs | None = None, scores: Floats | None = None
) -> Evaluation:
    """Score the benchmark's prompts and evaluate the router on them.

    Args:
        router: the router to evaluate.
        benchmark: the prompts and qualities.
        costs: of each prompt's answers, for AIQ.
        scores: the router's scores of the prompts, shape (n,), if already known.

    Raises:
        ValueError: the benchmark has no gap to recover, or the router's scores are not finite.
    """
    prompts = list(benchmark.prompts)
    found = _measured(router.name, router.score(prompts) if scores is None else scores, benchmark, costs)
    near = nearness(router, prompts)
    return found if near is None else replace(found, similarity=near[0], outside=near[1])


def nearness(router: Router, prompts: Sequence[str]) -> tuple[float, float] | None:
    """Return the prompts' mean similarity to what the router was trained on, and the share outside of it.

    Both are None if unknown.
    """
    similarity = router.training_similarity(prompts)
    if similarity is None or router.coverage is None:
        return None
    edge = float(np.quantile(router.coverage.similarities, OUTSIDE))
    return float(similarity.mean()), float((similarity < edge).mean())


def compared(
    evaluations: Sequence[Evaluation], scores: Sequence[Floats], benchmark: Benchmark
) -> list[Evaluation]:
    """Give each router's evaluation its differences, over the same draws of the prompts.

    Args:
        evaluations: of routers with distinct names, on one benchmark.
        scores: theirs, shape (n,) each.
        benchmark: what they were measured on.
    """
    orders = {e.router: values for e, values in zip(evaluations, scores, strict=True)}
    orders[LENGTH] = _lengths(benchmark)
    names = list(orders)
    found = compare_orders(orders, benchmark.strong - benchmark.weak)
    return [
        replace(e, differences=tuple(found.difference(e.router, other) for other in names[place + 1 :]))
        for place, e in enumerate(evaluations)
    ]


def baselines(benchmark: Benchmark, *, costs: Costs | None = None) -> list[Evaluation]:
    """Evaluate the baselines a router should beat, and the bound none can.

    "prompt length" sends the longest prompts to strong first; "category mean" knows each prompt's category
    and what strong gained on its training rows; "random" is a router by chance, in expectation; "oracle"
    knows the quality of both answers.

    Raises:
        ValueError: the benchmark has no gap to recover.
    """
    scores = {LENGTH: _lengths(benchmark)}
    gains = benchmark.category_gains
    if gains and benchmark.categories:
        unknown = float(np.mean(list(gains.values())))
        scores["category mean"] = np.array([gains.get(name, unknown) for name in benchmark.categories])
    scores["random"] = np.zeros(len(benchmark.prompts))  # equal scores switch sides together: the diagonal
    scores["oracle"] = benchmark.strong - benchmark.weak
    measured = [
        replace(_measured(name, values, benchmark, costs), baseline=True, categories=())
        for name, values in scores.items()
    ]
    return [_with_chance(e, benchmark) if e.router == "random" else e for e in measured]


def _lengths(benchmark: Benchmark) -> Floats:
    return np.array([len(prompt) for prompt in benchmark.prompts], dtype=np.float64)


def _with_chance(random: Evaluation, benchmark: Benchmark) -> Evaluation:
    interval = chance_interval(benchmark.strong - benchmark.weak)
    return replace(random, intervals=replace(random.intervals, apgr=interval))


def _measured(name: str, scores: Floats, benchmark: Benchmark, costs: Costs | None) -> Evaluation:
    arrays = (scores, benchmark.weak, benchmark.strong)
    halves = {}
    if len(benchmark.prompts) >= FEWEST_FOR_HALVES:
        halves = {target: cpt_held_out(*arrays, target) for target in TARGETS}
    return Evaluation(
        router=name,
        benchmark=benchmark.name,
        prompts=len(benchmark.prompts),
        dropped=benchmark.dropped,
        weak_quality=float(benchmark.weak.mean()),
        strong_quality=float(benchmark.strong.mean()),
        apgr=apgr(*arrays),
        apgr_published=apgr(*arrays, method="published"),
        cpt={target: cpt(*arrays, target) for target in TARGETS},
        cpt_held_out=halves,
        intervals=curve_intervals(*arrays, TARGETS),
        curve=pgr_curve(*arrays),
        aiq=None if costs is None else aiq(*arrays, costs.weak, costs.strong),
        categories=category_results(scores, benchmark),
    )
