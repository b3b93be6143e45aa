"""`routellm golden`: labels from answers graded against a key."""

from __future__ import annotations

import json
from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from routellm_core.commands.arguments import real_path
from routellm_core.commands.note import Note
from routellm_core.commands.reading_arguments import add_reading_arguments, reading_options
from routellm_core.preferences.grading.golden import KINDS, GoldenLabels, golden_labels
from routellm_core.preferences.reading.json_lines import write_json_lines

SUMMARY = "grade answers against known solutions: labels without a judge"

EXAMPLE = """\
  routellm golden numeric answers.jsonl --out labels.jsonl
a row: {"prompt": "What is 6 times 7?", "expected": "42", "answers": {"A": "It is 42.", "B": "36"}}"""


def add_arguments(parser: ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.add_argument(
        "kind",
        choices=KINDS,
        help="choice: the letter of an option; exact: equal text apart from case, punctuation and "
        "articles; numeric: the last number; tests: the share of unit tests passed",
    )
    parser.add_argument(
        "file", help="rows of prompt, expected, and answers, an object of model -> text, in any format"
    )
    parser.add_argument("--out", required=True, metavar="FILE", help="the labels, as JSON Lines; .gz too")
    parser.add_argument(
        "--rejected", metavar="FILE", help="rows that could not be graded, each with its reason and place"
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    add_reading_arguments(parser)


def run(options: Namespace, say: Callable[[str], None]) -> Iterator[str]:
    """Grade, write, and yield each model's mean and the counts."""
    _check_files(options)
    say(f"grading {options.file}")
    golden = golden_labels(options.file, options.kind, reading_options(options))
    sifted = golden.sifted
    yield Note(f"{options.file}: {sifted.sentence('graded answers')}")
    write_json_lines(
        options.out,
        ({**label.to_dict(), "source": f"golden {options.kind}"} for label in sifted.items),
    )
    if options.rejected:
        write_json_lines(
            options.rejected,
            ({"reason": row.reason, "place": row.place, "row": row.row} for row in sifted.rejected),
        )
    models = _models(golden)
    if options.json:
        counts = {"labels": len(sifted.items), "rejected": sifted.reasons, "models": models}
        yield json.dumps(counts)
        return
    width = max(len(name) for name in ("model", *models))
    yield f"{'model'.ljust(width)}  answers   mean  no answer found"
    for name, row in models.items():
        yield f"{name.ljust(width)}  {row['answers']:7,}  {row['mean']:.3f}  {row['unparsed']:15,}"
    for reason, count in sifted.reasons.items():
        yield f"rejected, {reason}: {count:,}"
    yield f"wrote {len(sifted.items):,} labels to {options.out}"


def _check_files(options: Namespace) -> None:
    paths = [real_path(path) for path in (options.file, options.out, options.rejected) if path]
    if len(set(paths)) < len(paths):
        raise ValueError("the input file, --out and --rejected must be three different files.")


def _models(golden: GoldenLabels) -> dict[str, dict[str, Any]]:
    scores: dict[str, list[float]] = {}
    for label in golden.sifted.items:
        for model, score in label.scores.items():
            scores.setdefault(model, []).append(score)
    return {
        model: {
            "answers": len(values),
            "mean": float(np.mean(values)),
            "unparsed": golden.unparsed.get(model, 0),
        }
        for model, values in sorted(scores.items())
    }
