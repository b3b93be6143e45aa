"""Evaluation: one router on one benchmark, as a frozen result that tables and plots are made from."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from routellm_core.evaluation.benchmarks import Benchmark
from routellm_core.evaluation.bootstrap import apgr_interval
from routellm_core.evaluation.metrics import apgr, cpt, pgr_curve
from routellm_core.router import Router


@dataclass(frozen=True)
class Evaluation:
    """How one router does on one benchmark.

    Attributes:
        router: its name.
        benchmark: its name.
        prompts: how many were scored.
        dropped: what was left out of the source, and why.
        weak_quality: mean quality of always calling the weak model.
        strong_quality: mean quality of always calling the strong model.
        apgr: exact area, see `metrics.apgr`.
        apgr_low: lower end of its 95 % bootstrap interval over prompts.
        apgr_high: upper end.
        apgr_published: the original code's 11-point estimate.
        cpt: target -> smallest share of strong calls that reaches it, for 0.2, 0.5, 0.8; NaN if never.
        curve: shares and PGR of the exact curve.
        baseline: whether this is no router, but what one has to beat.
    """

    router: str
    benchmark: str
    prompts: int
    dropped: str
    weak_quality: float
    strong_quality: float
    apgr: float
    apgr_low: float
    apgr_high: float
    apgr_published: float
    cpt: dict[float, float]
    curve: tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]] = field(repr=False, compare=False)
    baseline: bool = False

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON, the curve left out."""
        values = asdict(self)
        del values["curve"]
        values["cpt"] = {f"{target:g}": share for target, share in self.cpt.items()}
        return values


def evaluate(router: Router, benchmark: Benchmark) -> Evaluation:
    """Score the benchmark's prompts and measure.

    Raises:
        ValueError: the benchmark has no gap to recover, or the router's scores are not finite.
    """
    return _measured(router.name, router.score(list(benchmark.prompts)), benchmark)


def baselines(benchmark: Benchmark) -> list[Evaluation]:
    """Measure what a router has to beat, and what none can.

    "prompt length" sends the longest prompts to strong first; "random" is a router by chance, in expectation;
    "oracle" knows the quality of both answers.

    Raises:
        ValueError: the benchmark has no gap to recover.
    """
    scores = {
        "prompt length": np.array([len(prompt) for prompt in benchmark.prompts], dtype=np.float64),
        "random": np.zeros(len(benchmark.prompts)),  # equal scores change sides together: the diagonal
        "oracle": benchmark.strong - benchmark.weak,
    }
    return [replace(_measured(name, values, benchmark), baseline=True) for name, values in scores.items()]


def _measured(name: str, scores: npt.NDArray[np.float64], benchmark: Benchmark) -> Evaluation:
    arrays = (scores, benchmark.weak, benchmark.strong)
    low, high = apgr_interval(*arrays)
    return Evaluation(
        router=name,
        benchmark=benchmark.name,
        prompts=len(benchmark.prompts),
        dropped=benchmark.dropped,
        weak_quality=float(benchmark.weak.mean()),
        strong_quality=float(benchmark.strong.mean()),
        apgr=apgr(*arrays),
        apgr_low=low,
        apgr_high=high,
        apgr_published=apgr(*arrays, method="published"),
        cpt={target: cpt(*arrays, target) for target in (0.2, 0.5, 0.8)},
        curve=pgr_curve(*arrays),
    )
