"""Tables of evaluations: aligned text for people, JSON for programs."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence

from routellm_core.evaluation.evaluation import Evaluation
from routellm_core.evaluation.paper_results import PAPER_RESULTS, PaperResult

_HEADER = (
    "benchmark",
    "router",
    "n",
    "weak",
    "strong",
    "APGR",
    "95 %",
    "published",
    "CPT20",
    "CPT50",
    "CPT80",
)

_TO_BEAT = {
    "prompt length": "prompt length does not predict",
    "category mean": "the category's mean on the training rows does not predict",
}

_MOSTLY_OUTSIDE = 0.5


def text_table(evaluations: Sequence[Evaluation], *, by_category: bool = False) -> str:
    """Return an aligned table, one row per evaluation, and a foot that says what the columns are.

    Args:
        evaluations: those of one benchmark together.
        by_category: whether a second table has a row per category.
    """
    rows: list[tuple[str, ...]] = [_HEADER]
    for benchmark in dict.fromkeys(e.benchmark for e in evaluations):
        rows += [_row(e) for e in evaluations if e.benchmark == benchmark]
        rows += [_paper_row(benchmark, result) for result in PAPER_RESULTS.get(benchmark, ())]
    if any(e.aiq is not None for e in evaluations):
        costed = {(e.benchmark, e.router): f"{e.aiq:.3f}" for e in evaluations if e.aiq is not None}
        rows = [(*row, costed.get((row[0], row[1]), "AIQ" if row is rows[0] else "")) for row in rows]
    lines = [*_aligned(rows, left=2), ""]
    if by_category:
        lines += [*_category_lines(evaluations), ""]
    lines += _dropped(evaluations)
    lines += [f"{e.benchmark}: {difference.sentence}." for e in evaluations for difference in e.differences]
    for e in evaluations:
        if not e.baseline:
            lines += _remarks(e, evaluations)
    return "\n".join([*lines, *_FOOT])


_FOOT = (
    "APGR: exact area under PGR over the share of strong calls, random 0.5; 95 %: bootstrap of prompts;",
    "published: the 11-point estimate of the original code; CPTx: % of strong calls for x % of the gap;",
    "random: the expectation, with the 95 % range of single random routers; oracle: knows the quality of "
    "both",
    "answers; prompt length: the longest go to strong first; category mean: knows what strong gained on the",
    "training rows of the prompt's category; paper: as printed there, its own routers on its own sample.",
)


def json_table(evaluations: Sequence[Evaluation]) -> str:
    """Return a JSON list, one object per evaluation; a CPT that is never reached is null."""
    return json.dumps([evaluation.to_dict() for evaluation in evaluations], indent=2)


def _dropped(evaluations: Sequence[Evaluation]) -> list[str]:
    dropped = {e.benchmark: e.dropped for e in evaluations if e.dropped}
    return [f"{benchmark}: left out {reason}" for benchmark, reason in dropped.items()]


def _remarks(e: Evaluation, evaluations: Sequence[Evaluation]) -> list[str]:
    lines = []
    if 0.5 in e.cpt_held_out:
        low, high = e.intervals.cpt[0.5]
        found = e.cpt_held_out[0.5]
        lines.append(
            f"{e.benchmark}: {e.router}'s CPT50 is {100 * low:.1f}-{100 * high:.1f} (95 %); its threshold, "
            f"chosen on one half, sends {found.share:.1%} of the other half to strong and recovers "
            f"{found.pgr:.1%}."
        )
    if e.similarity is not None and e.outside is not None:
        lines.append(
            f"{e.benchmark}: similarity to {e.router}'s training prompts {e.similarity:.3f}; {e.outside:.1%} "
            "of the prompts are outside, farther from them than 95 % of the training prompts themselves."
        )
        if e.outside > _MOSTLY_OUTSIDE:
            lines.append(
                f"WARNING: {e.benchmark} is outside what {e.router} was trained on: do not rely on its "
                "scores, and train or calibrate on prompts like these."
            )
    lines += [
        f"{e.benchmark}: {e.router} has learned nothing here that {_TO_BEAT[other.router]}."
        for other in evaluations
        if other.baseline
        and other.benchmark == e.benchmark
        and other.router in _TO_BEAT
        and e.apgr <= other.apgr
    ]
    return lines


def _category_lines(evaluations: Sequence[Evaluation]) -> list[str]:
    rows = [("benchmark", "router", "category", "n", "weak", "strong", "APGR", "to strong")]
    rows += [
        (
            e.benchmark,
            e.router,
            result.category,
            f"{result.prompts}",
            f"{result.weak_quality:.3f}",
            f"{result.strong_quality:.3f}",
            "no gap" if result.apgr is None else f"{result.apgr:.3f}",
            f"{result.strong_share:.0%}",
        )
        for e in evaluations
        for result in e.categories
    ]
    if len(rows) == 1:
        return ["no benchmark here has categories"]
    return [*_aligned(rows, left=3), "to strong: share of the category in the half with the highest scores"]


def _aligned(rows: Sequence[Sequence[str]], left: int) -> list[str]:
    """Return lines in which the first `left` columns are flush left and the others flush right."""
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = [
        "  ".join(
            cell.ljust(width) if column < left else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]
    return [lines[0], "  ".join("-" * width for width in widths), *lines[1:]]


def _row(e: Evaluation) -> tuple[str, ...]:
    shares = [("never" if math.isnan(share) else f"{100 * share:.1f}") for share in e.cpt.values()]
    low, high = e.intervals.apgr
    return (
        e.benchmark,
        e.router,
        f"{e.prompts}",
        f"{e.weak_quality:.3f}",
        f"{e.strong_quality:.3f}",
        f"{e.apgr:.3f}",
        f"{low:.3f}-{high:.3f}",
        f"{e.apgr_published:.3f}",
        *shares,
    )


def _paper_row(benchmark: str, result: PaperResult) -> tuple[str, ...]:
    shares = ("", f"{100 * result.cpt50:.1f}", f"{100 * result.cpt80:.1f}")
    return (benchmark, f"paper: {result.router}", "", "", "", f"{result.apgr:.3f}", "", "", *shares)
