"""Tables of evaluations: text for people, JSON for programs."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence

from routellm_core.evaluation.evaluation import Evaluation

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


def text_table(evaluations: Sequence[Evaluation]) -> str:
    """Return an aligned table, one row per evaluation, and a foot that says what the columns are."""
    rows = [_HEADER, *(_row(evaluation) for evaluation in evaluations)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(_HEADER))]
    lines = [
        "  ".join(
            cell.ljust(width) if column < 2 else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]
    lines.insert(1, "  ".join("-" * width for width in widths))
    dropped = {e.benchmark: e.dropped for e in evaluations if e.dropped}
    lines += ["", *(f"{benchmark}: left out {reason}" for benchmark, reason in dropped.items())]
    lines += _beaten_by_length(evaluations)
    lines += [
        "APGR: exact area under PGR over the share of strong calls, random 0.5; 95 %: bootstrap of prompts;",
        "published: the 11-point estimate of the original code; CPTx: % of strong calls for x % of the gap;",
        "oracle: knows the quality of both answers; prompt length: the longest go to strong first.",
    ]
    return "\n".join(lines)


def _beaten_by_length(evaluations: Sequence[Evaluation]) -> list[str]:
    length = {e.benchmark: e.apgr for e in evaluations if e.baseline and e.router == "prompt length"}
    return [
        f"{e.benchmark}: {e.router} has learned nothing here that the length of the prompt does not tell."
        for e in evaluations
        if not e.baseline and e.apgr <= length.get(e.benchmark, -math.inf)
    ]


def json_table(evaluations: Sequence[Evaluation]) -> str:
    """Return a JSON list, one object per evaluation; a CPT that is never reached is null."""
    rows = [evaluation.to_dict() for evaluation in evaluations]
    for row in rows:
        row["cpt"] = {name: None if math.isnan(share) else share for name, share in row["cpt"].items()}
    return json.dumps(rows, indent=2)


def _row(e: Evaluation) -> tuple[str, ...]:
    shares = [("never" if math.isnan(share) else f"{100 * share:.1f}") for share in e.cpt.values()]
    return (
        e.benchmark,
        e.router,
        f"{e.prompts}",
        f"{e.weak_quality:.3f}",
        f"{e.strong_quality:.3f}",
        f"{e.apgr:.3f}",
        f"{e.apgr_low:.3f}-{e.apgr_high:.3f}",
        f"{e.apgr_published:.3f}",
        *shares,
    )
