"""`routellm calibrate`: a threshold for a share of strong calls, a budget, or a guaranteed quality."""

from __future__ import annotations

import json
from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path

import numpy as np

from routellm_core.calibration.budget import CALLS, threshold_for_budget
from routellm_core.calibration.share import calibrate_threshold
from routellm_core.commands.arguments import add_report_argument, add_score_arguments
from routellm_core.commands.calibration_sample import CalibrationSample, Found
from routellm_core.commands.call_costs import CallCosts, add_cost_arguments, call_costs
from routellm_core.commands.label_arguments import add_label_arguments
from routellm_core.commands.quality_lines import certified, quality_target
from routellm_core.commands.reading_arguments import add_reading_arguments
from routellm_core.commands.report_section import prompts_section
from routellm_core.evaluation.calibration_plot import save_calibration_plot
from routellm_core.evaluation.recommendation import recommend, recommendation_lines
from routellm_core.evaluation.report.page import write_report
from routellm_core.evaluation.report.section import ReportSection
from routellm_core.evaluation.savings_text import counted, few
from routellm_core.routing.threshold import goes_to_strong
from routellm_core.routing.validation import check_fraction

SUMMARY = "find the threshold for a share of strong calls, a budget, or a guaranteed quality"

EXAMPLE = """\
  routellm calibrate --labels labels.jsonl --strong A --weak B --max-loss 0.02 --out calibration.json
a row: {"prompt": "Why do leaves turn red?", "scores": {"A": 1, "B": 0.5}}"""


def add_arguments(parser: ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.add_argument(
        "--router", default="default", help="name or folder of the router (default: %(default)s)"
    )
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument(
        "--prompts",
        metavar="FILE",
        help="prompts in any format, a log, or plain lines of text; - is standard input",
    )
    source.add_argument(
        "--from-log",
        dest="prompts",
        metavar="LOG",
        help="the same as --prompts: what was asked in your decision log",
    )
    source.add_argument(
        "--labels",
        metavar="FILE",
        help="rows of prompt and scores (an object of model -> number) that did not train the router, or a "
        "benchmark's name; needs --strong and --weak",
    )
    target = parser.add_mutually_exclusive_group()
    target.add_argument(
        "--strong-share", type=float, metavar="X", help="share of calls to send to the strong model, 0 to 1"
    )
    target.add_argument(
        "--budget", type=float, metavar="B", help=f"the most that {CALLS:,} calls may cost; needs prices"
    )
    target.add_argument(
        "--max-loss",
        type=float,
        metavar="X",
        help="largest drop in mean quality below strong alone, in points (default with --labels: 0.02)",
    )
    target.add_argument(
        "--quality", type=float, metavar="X", help="share of strong alone's mean quality to keep"
    )
    target.add_argument(
        "--gap", type=float, metavar="X", help="share of the quality gap between weak and strong to recover"
    )
    add_label_arguments(parser, confidence_of="a quality target")
    parser.add_argument("--strong", metavar="MODEL", help="the strong model's name, as in the labels")
    parser.add_argument("--weak", metavar="MODEL", help="the weak model's name, as in the labels")
    add_cost_arguments(parser)
    add_score_arguments(parser)
    parser.add_argument(
        "--recommend", action="store_true", help="print three thresholds to choose from, and write nothing"
    )
    parser.add_argument(
        "--out",
        metavar="FILE",
        help="write the calibration here, for ChatRouteLLM.from_calibration and RouteLLM.from_calibration",
    )
    parser.add_argument(
        "--plot", metavar="FILE", help="plot the scores and the threshold (needs the extra plot)"
    )
    add_report_argument(parser)
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    add_reading_arguments(parser)


def run(options: Namespace, say: Callable[[str], None]) -> Iterator[str]:
    """Yield the threshold and what it achieves on the prompts."""
    sample = CalibrationSample.from_options(options, say)
    yield sample.read
    costs = call_costs(options, sample.prompts, sample.usages)
    if options.recommend:
        yield from _recommended(options, sample, costs)
        return
    found = _found(options, sample, costs)
    calibration = sample.calibration(found)
    if options.out:
        calibration.save(options.out)
    to_strong = goes_to_strong(sample.scores, found.threshold)
    money_lines = [] if costs is None else costs.lines(to_strong)
    notes = few(len(sample.prompts), "prompt", "estimate a share")
    if options.plot:
        save_calibration_plot(sample.scores, found.threshold, options.plot, sample.benchmark)
    if options.report:
        write_report(options.report, "Calibration", [_section(options, sample, found, costs)])
    if options.json:
        priced = {} if costs is None else {"cost_per_1000_calls": costs.values(to_strong)}
        notes = [*sample.notes, *notes, *found.lines, *money_lines]
        yield json.dumps({**asdict(calibration), **priced, "notes": notes})
        return
    yield from sample.notes
    yield (
        f"threshold {found.threshold:.6f} sends {calibration.strong_share:.1%} of "
        f"{counted(len(sample.prompts), 'prompt')} to strong"
    )
    yield from notes
    yield from money_lines
    yield from found.lines
    spread = np.quantile(sample.scores, [0.05, 0.5, 0.95])
    yield "scores: 5 % are below {:.4f}, half below {:.4f}, 95 % below {:.4f}".format(*spread)
    yield from (f"wrote {path}" for path in (options.out, options.plot, options.report) if path)


def _section(
    options: Namespace, sample: CalibrationSample, found: Found, costs: CallCosts | None
) -> ReportSection:
    share = float(goes_to_strong(sample.scores, found.threshold).mean())
    return prompts_section(
        Path(options.labels or options.prompts).name,
        f"threshold {found.threshold:.6f} sends {share:.1%} of {counted(len(sample.prompts), 'prompt')} to "
        "strong",
        [sample.read, *sample.notes, *found.lines],
        (sample.strong or "strong", sample.weak or "weak"),
        sample.prompts,
        sample.scores,
        found.threshold,
        costs,
        sample.benchmark,
    )


def _found(options: Namespace, sample: CalibrationSample, costs: CallCosts | None) -> Found:
    if options.strong_share is not None:
        share = check_fraction(options.strong_share, "--strong-share")
        return Found(calibrate_threshold(sample.scores, share), {"strong_share": share})
    if options.budget is not None:
        if costs is None:
            raise ValueError("--budget needs prices: give --prices strong=IN,OUT weak=IN,OUT.")
        each = costs.costs
        threshold = threshold_for_budget(sample.scores, each.weak, each.strong, options.budget)
        return Found(threshold, {"budget": options.budget})
    return certified(options, sample)


def _recommended(options: Namespace, sample: CalibrationSample, costs: CallCosts | None) -> Iterator[str]:
    if sample.benchmark is None:
        raise ValueError("--recommend needs --labels: it weighs cost against quality.")
    if options.out:
        raise ValueError("--recommend writes no file: choose a target, and give --out with it.")
    found = recommend(
        sample.scores,
        sample.benchmark,
        quality_target(options),
        confidence=options.confidence,
        scale=tuple(options.scale),
        costs=None if costs is None else costs.costs,
    )
    if options.json:
        yield json.dumps([asdict(one) for one in found])
        return
    yield from sample.notes
    yield from () if costs is None else costs.assumptions()
    yield from recommendation_lines(found)
