"""Recommendation: three points of the curve, for users with labels and no target yet."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from routellm_core.calibration.certificate import certify
from routellm_core.calibration.target import QualityTarget
from routellm_core.evaluation.benchmark import Benchmark
from routellm_core.evaluation.bootstrap import threshold_interval
from routellm_core.evaluation.evaluation import Costs
from routellm_core.evaluation.metrics import pgr_curve
from routellm_core.logits import Floats
from routellm_core.routing.threshold import goes_to_strong

CALLS = 1000


@dataclass(frozen=True)
class Recommendation:
    """One threshold.

    Attributes:
        name: what it is.
        threshold: in [0, 1]; None if none was found; `remark` says why.
        strong_share: share of the labelled prompts that go to strong.
        pgr: share of the gap recovered on them.
        pgr_interval: its 95 % bootstrap interval.
        cost: of 1,000 calls; None without prices.
        remark: a caveat.
    """

    name: str
    threshold: float | None
    strong_share: float = 0.0
    pgr: float = 0.0
    pgr_interval: tuple[float, float] = (0.0, 0.0)
    cost: float | None = None
    remark: str = ""


def recommend(
    scores: Floats,
    benchmark: Benchmark,
    target: QualityTarget,
    *,
    confidence: float = 0.9,
    scale: tuple[float, float] = (0.0, 1.0),
    costs: Costs | None = None,
) -> list[Recommendation]:
    """Return the cheapest certified threshold, and those that reach half and 80 % of the gap on the labels.

    Args:
        scores: shape (n,), in [0, 1].
        benchmark: the n labelled prompts.
        target: what the first one keeps.
        confidence: of the first one's guarantee.
        scale: of the grader.
        costs: of each prompt's answers.

    Raises:
        ValueError: as `certify`, except for too few labels; or the strong model is no better than weak.
    """
    _, pgr = pgr_curve(scores, benchmark.weak, benchmark.strong)
    found = [_certified(scores, benchmark, target, confidence, scale)]
    distinct = np.unique(scores)[::-1]  # the score of each corner but the first, highest first
    for part in (0.5, 0.8):
        corner = int(np.argmax(pgr[1:] >= part))
        found.append(Recommendation(f"CPT({part:.0%})", float(distinct[corner]), remark="no guarantee"))
    return [_measured(one, scores, benchmark, costs) for one in found]


def _certified(
    scores: Floats,
    benchmark: Benchmark,
    target: QualityTarget,
    confidence: float,
    scale: tuple[float, float],
) -> Recommendation:
    name = f"cheapest within {target.kind} {target.value:g}"
    try:
        certificate = certify(
            scores, benchmark.weak, benchmark.strong, target, confidence=confidence, scale=scale
        )
    except ValueError as error:
        return Recommendation(name, None, remark=str(error))
    remark = "weak alone is enough" if certificate.weak_is_enough else f"certified at {confidence:.0%}"
    return Recommendation(name, certificate.threshold, remark=remark)


def _measured(
    one: Recommendation, scores: Floats, benchmark: Benchmark, costs: Costs | None
) -> Recommendation:
    if one.threshold is None:
        return one
    selected = goes_to_strong(scores, one.threshold)
    gain = benchmark.strong - benchmark.weak
    cost = None if costs is None else CALLS * float(np.where(selected, costs.strong, costs.weak).mean())
    return replace(
        one,
        strong_share=float(selected.mean()),
        pgr=float((gain * selected).sum() / gain.sum()),
        pgr_interval=threshold_interval(gain * selected, gain),
        cost=cost,
    )


def recommendation_lines(found: Sequence[Recommendation]) -> list[str]:
    """Return one line per recommendation, for people."""
    lines = []
    for one in found:
        if one.threshold is None:
            lines.append(f"{one.name}: none. {one.remark}")
            continue
        low, high = one.pgr_interval
        cost = "" if one.cost is None else f", {one.cost:.4g} per {CALLS:,} calls"
        lines.append(
            f"{one.name}: threshold {one.threshold:.6f}, {one.strong_share:.1%} to strong, recovers "
            f"{one.pgr:.1%} of the gap (95 %: {low:.1%} to {high:.1%}){cost}; {one.remark}"
        )
    return lines
