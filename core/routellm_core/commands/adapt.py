"""`routellm adapt`: fit the shipped router to your models with ten to ten thousand labels.

Labels are any mix of rows of {"prompt": "...", "scores": {"A": 1, "B": 0}}, of grades of only the weak
model's answers, or of battles with prompt, model_a, model_b and winner.
"""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Iterator

from routellm_core.commands.command_error import NoGainError
from routellm_core.commands.note import Note
from routellm_core.commands.out_folder import add_out_arguments, check_out
from routellm_core.commands.reading_arguments import add_reading_arguments, reading_options
from routellm_core.loading import load_router
from routellm_core.preferences.reading.battles import Battle
from routellm_core.preferences.reading.labels import Label
from routellm_core.training.adaptation import Adaptation, adapt
from routellm_core.training.adaptation.label_files import sift_label_file

SUMMARY = "fit the shipped router to your models with ten to ten thousand labels, in a second"

EXAMPLE = """\
  routellm adapt --labels labels.jsonl --strong A --weak B --out my_router
a row: {"prompt": "Why do leaves turn red?", "scores": {"A": 1, "B": 0.5}}"""


def add_arguments(parser: ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.add_argument(
        "--labels",
        nargs="+",
        default=[],
        metavar="FILE",
        help="scores of both models, scores of the weak model alone, battles, or a mix of them",
    )
    parser.add_argument(
        "--from-log",
        nargs="+",
        default=[],
        metavar="LOG",
        help="the outcomes in your decision log, as labels of the models that answered",
    )
    for side in ("strong", "weak"):
        parser.add_argument(
            f"--{side}", required=True, metavar="NAME", help=f"the {side} model's name in the files"
        )
    parser.add_argument(
        "--from",
        dest="source",
        default="default",
        metavar="ROUTER",
        help="the router to start from, a name or a folder; the fewer the labels, the more it counts "
        "(default: %(default)s)",
    )
    parser.add_argument(
        "--keep-prompts",
        action="store_true",
        help="keep the labelled prompts in the folder, so that explain can show the nearest ones",
    )
    parser.add_argument(
        "--require-gain",
        action="store_true",
        help="write nothing and fail unless the new router is significantly better than --from",
    )
    add_out_arguments(parser)
    add_reading_arguments(parser)


def run(options: Namespace, say: Callable[[str], None]) -> Iterator[str]:
    """Fit, save, and yield the result."""
    check_out(options)
    if not (options.labels or options.from_log):
        raise ValueError("--labels and --from-log are both missing: give labels, a decision log, or both.")
    base = load_router(options.source)
    say("reading labels and fitting")
    rows: list[Label | Battle] = []
    for path in (*options.labels, *options.from_log):
        found = sift_label_file(path, reading_options(options), strong=options.strong, weak=options.weak)
        yield Note(f"{path}: {found.sentence('labels')}")
        rows += found.items
    adaptation = adapt(
        rows,
        strong=options.strong,
        weak=options.weak,
        base=base,
        keep_prompts=options.keep_prompts,
    )
    yield from _read(adaptation)
    yield from adaptation.report.lines()
    if options.require_gain and not adaptation.report.gains_over_base:
        raise NoGainError(
            f"nothing written: --require-gain is given, and the gain over {base.name} is not significant."
        )
    adaptation.save(options.out, name=options.name)
    yield f"wrote {options.out}: router {load_router(options.out).name!r}, made from {base.name!r}"


def _read(adaptation: Adaptation) -> Iterator[str]:
    labels = adaptation.labels
    rows = ", ".join(f"{count:,} {what}" for what, count in labels.counts.items())
    low, high = labels.scale
    scale = "" if (low, high) == (0.0, 1.0) else f"; scores from {low:g} to {high:g}"
    yield f"read {rows}: {len(labels.prompts):,} prompts{scale}"
