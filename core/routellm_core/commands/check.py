"""`routellm check`: whether routed answers still lose no more quality than promised.

Draws uniformly from the calls that the score sent to weak, has both models' answers graded, and reports how
much quality is lost, with an interval that holds however often you check. Earlier draws and grades are kept
beside the log and count.
"""

from __future__ import annotations

import json
from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from routellm_core.calibration.promise import Promise, check_promise
from routellm_core.calibration.record import Calibration
from routellm_core.checkpoints.whole_file import check_writable
from routellm_core.commands.check_judge import (
    JUDGE_SCALE,
    add_judge_arguments,
    judge_prices,
    judged_grades,
)
from routellm_core.commands.command_error import ended_early
from routellm_core.commands.note import Note
from routellm_core.commands.reading_arguments import add_reading_arguments, reading_options
from routellm_core.preferences.grading.kept_grades import KeptGrades, read_grades
from routellm_core.preferences.reading.json_lines import write_json_lines
from routellm_core.routing.logged_decisions import log_path
from routellm_core.routing.validation import check_count, check_fraction, check_positive
from routellm_core.routing.weak_calls import WeakCalls, find_weak_calls

SUMMARY = "check on logged calls that the promised quality still holds"

EXAMPLE = """\
  routellm check --log decisions.jsonl --calibration calibration.json --grades grades.jsonl
a row of grades: {"id": "4f1c09aa2be7d310", "scores": {"A": 1, "B": 0.5}}"""


def add_arguments(parser: ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.add_argument("--log", required=True, metavar="LOG", help="the decision log")
    parser.add_argument(
        "--sample",
        type=int,
        default=0,
        metavar="N",
        help="grade N weak calls: first those drawn earlier but not graded yet, then new ones",
    )
    parser.add_argument(
        "--grades", metavar="FILE", help="rows of id (or prompt) and scores, an object of model -> number"
    )
    parser.add_argument(
        "--out", metavar="FILE", help="write the drawn calls that have no grade yet to this file"
    )
    parser.add_argument(
        "--calibration", metavar="FILE", help="a calibration with the promise (from routellm calibrate)"
    )
    parser.add_argument(
        "--max-loss",
        type=float,
        metavar="X",
        help="the promised largest loss, if there is no calibration file",
    )
    parser.add_argument(
        "--confidence", type=float, metavar="P", help="(default: the calibration's, else 0.9)"
    )
    parser.add_argument(
        "--scale",
        nargs=2,
        type=float,
        metavar=("LOW", "HIGH"),
        help="the lowest and highest grade (default: 0 1; with --judge 1 5)",
    )
    parser.add_argument(
        "--since", default="", metavar="TIME", help="only calls since this time, such as 2026-05"
    )
    parser.add_argument(
        "--kept",
        metavar="FILE",
        help="file with the draws and grades of earlier checks (default: LOG.checks.jsonl)",
    )
    add_judge_arguments(parser)
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    add_reading_arguments(parser)


def run(options: Namespace, say: Callable[[str], None]) -> Iterator[str]:
    """Draw, grade, and yield the current result.

    Raises:
        CommandError: the judge's run ended early; the grades until then are kept, counted and reported.
    """
    check_count(options.sample, "--sample", at_least=0)
    if options.judge and options.grades:
        raise ValueError("--judge and --grades are both given: drop one of them.")
    promised, confidence, threshold = _promised(options)
    kept = KeptGrades(options.kept or f"{log_path(options.log)}.checks.jsonl")
    new = max(0, options.sample - len(kept.ungraded))
    found = find_weak_calls(options.log, new, kept.drawn, threshold, options.since)
    if not found.calls:
        raise ValueError(
            f"no call was made with the router, pair and threshold of {options.calibration}, and "
            f"{found.others:,} with others: check the calibration that is in use."
        )
    if found.drawn:
        kept.draw(found.drawn)
    say(f"{found.weak_calls} of {found.calls} calls went to weak; {len(found.drawn)} drawn")
    if options.out:
        check_writable(Path(options.out))
    if options.judge and options.sample:
        # A model may have two roles; its price is said once.
        priced = {price.model: price for price in judge_prices(options, found.models).values()}
        yield from (Note(price.sentence()) for price in priced.values())
    stopped = _grade(options, kept, found, say)
    promise = _checked(kept, found, promised, confidence, options)
    written = _write_open(options.out, kept, found) if options.out else 0
    if options.json:
        yield json.dumps(_summary(promise, kept, found))
    else:
        yield from _lines(promise, kept, found)
        if options.out:
            yield f"wrote {written} calls to grade to {options.out}"
    if stopped:
        raise ended_early(
            stopped, f"Grades so far are kept and counted: continue with --sample {len(kept.ungraded)}."
        )


def _promised(options: Namespace) -> tuple[float | None, float, float | None]:
    """Return the promised loss, its confidence and its threshold."""
    target: Mapping[str, float] = {}
    threshold = None
    if options.calibration:
        calibration = Calibration.load(options.calibration)
        target, threshold = calibration.target, calibration.threshold
        if "max_loss" not in target:
            raise ValueError(
                f"{options.calibration} promises no max_loss, only {', '.join(target) or 'nothing'}, "
                "which weak calls alone can't confirm. Calibrate with --max-loss, or give --max-loss here."
            )
    confidence = options.confidence if options.confidence is not None else target.get("confidence", 0.9)
    promised = options.max_loss if options.max_loss is not None else target.get("max_loss")
    if promised is not None:
        check_positive(promised, "--max-loss")
    return promised, check_fraction(confidence, "--confidence"), threshold


def _grade(options: Namespace, kept: KeptGrades, found: WeakCalls, say: Callable[[str], None]) -> str:
    """Get grades from the file or the judge; return why the judge stopped, "" if it did not."""
    if options.grades:
        strong, weak = found.models.get("strong", "strong"), found.models.get("weak", "weak")
        grades = read_grades(options.grades, kept.drawn, strong, weak, reading_options(options))
        kept.grade(grades, str(options.grades), _scale(options, kept))
    if options.judge and options.sample:
        rows = _rows(found)
        wanted = [rows[id] for id in kept.ungraded[: options.sample] if id in rows]
        grades, stopped = judged_grades(options, wanted, found.models, say)
        kept.grade(grades, options.judge, _scale(options, kept))
        return stopped
    return ""


def _checked(
    kept: KeptGrades, found: WeakCalls, promised: float | None, confidence: float, options: Namespace
) -> Promise:
    rows = _rows(found)
    pairs = [kept.grades[id] for id in kept.drawn if id in kept.grades and id in rows]
    strong, weak = np.array(pairs, dtype=np.float64).reshape(-1, 2).T
    return check_promise(
        weak,
        strong,
        found.weak_calls,
        found.calls,
        max_loss=promised,
        confidence=confidence,
        scale=kept.scale or _scale(options, kept),
    )


def _scale(options: Namespace, kept: KeptGrades) -> tuple[float, float]:
    if options.scale is not None:
        low, high = options.scale
        return float(low), float(high)
    return kept.scale or (JUDGE_SCALE if options.judge else (0.0, 1.0))


def _rows(found: WeakCalls) -> dict[str, Mapping[str, Any]]:
    return {**found.known, **{row["id"]: row for row in found.drawn}}


def _write_open(path: str, kept: KeptGrades, found: WeakCalls) -> int:
    rows = _rows(found)
    shown = ("id", "text", "text_hash", "answers")
    return write_json_lines(
        path,
        ({name: rows[id][name] for name in shown if name in rows[id]} for id in kept.ungraded if id in rows),
    )


def _summary(promise: Promise, kept: KeptGrades, found: WeakCalls) -> dict[str, Any]:
    counts = {"drawn": len(kept.drawn), "ungraded": len(kept.ungraded), "other_calls": found.others}
    return {**asdict(promise), "on_weak": list(promise.on_weak), "on_all": list(promise.on_all), **counts}


def _lines(promise: Promise, kept: KeptGrades, found: WeakCalls) -> Iterator[str]:
    yield (
        f"{promise.weak_calls:,} of {promise.calls:,} scored calls went to weak "
        f"({promise.weak_calls / promise.calls:.1%})"
    )
    if found.others:
        yield f"{found.others:,} calls with another router, pair or threshold are left out"
    if promise.loss is None:
        yield "no call is graded yet: give --sample N with --judge, or with --out and then --grades"
    else:
        yield (
            f"{promise.graded:,} graded weak calls lose {promise.loss:.4f} on average; the true mean is "
            f"between {promise.on_weak.low:.4f} and {promise.on_weak.high:.4f}"
        )
        low, high = promise.on_all
        yield f"over all scored calls the mean loss is between {low:.4f} and {high:.4f}"
        yield f"both hold with probability at least {promise.confidence:.0%}, however often you check"
    missing = [id for id in kept.ungraded if id in found.known]
    if missing and promise.graded:
        yield (
            f"{len(missing):,} drawn calls have no grade: unless they are missing at random, the "
            "intervals do not hold"
        )
    if len(kept.graders) > 1:
        yield f"the grades are averages over {len(kept.graders)} graders: {', '.join(sorted(kept.graders))}"
    if promise.verdict is not None:
        yield _verdict_line(promise)


def _verdict_line(promise: Promise) -> str:
    promised = f"the promise of a loss of at most {promise.max_loss:g}"
    if promise.verdict == "kept":
        return f"{promised} still stands"
    if promise.verdict == "broken":
        return f"{promised} is BROKEN on this traffic: calibrate again on prompts like these"
    more = "" if promise.needed is None else f"; about {promise.needed:,} grades like these would decide it"
    return f"{promised} is neither confirmed nor refuted{more}"
