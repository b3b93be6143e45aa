"""Report sections of the commands that know a benchmark or a calibration sample."""

from __future__ import annotations

from collections.abc import Sequence

from routellm_core.commands.call_costs import CallCosts
from routellm_core.evaluation.benchmark import Benchmark
from routellm_core.evaluation.report.section import ReportSection
from routellm_core.evaluation.savings import Labelled
from routellm_core.logits import Floats


def prompts_section(
    title: str,
    headline: str,
    notes: Sequence[str],
    names: tuple[str, str],
    prompts: Sequence[str],
    scores: Floats,
    threshold: float,
    costs: CallCosts | None,
    benchmark: Benchmark | None,
) -> ReportSection:
    """Return the section of scored prompts, with their costs and qualities if known.

    Args:
        title: its heading.
        headline: the result in a sentence.
        notes: what the result rests on.
        names: strong's and weak's.
        prompts: n texts.
        scores: shape (n,).
        threshold: where the slider begins.
        costs: of the prompts; None without prices.
        benchmark: the same prompts with qualities; None without labels.
    """
    return ReportSection(
        title=title,
        headline=headline,
        notes=[*notes, *([] if costs is None else costs.assumptions())],
        strong=names[0],
        weak=names[1],
        scores=scores,
        threshold=threshold,
        prompts=prompts,
        prompt_scores=scores,
        tokens=None if costs is None else costs.columns(),
        prices=None if costs is None else (costs.strong.price, costs.weak.price),
        currency="" if costs is None else costs.currency,
        labelled=None if benchmark is None else Labelled(benchmark, scores),
    )
