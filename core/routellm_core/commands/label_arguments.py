"""Label arguments: graded prompts as `calibrate` and `savings` take them, and their benchmark."""

from __future__ import annotations

import os
from argparse import ArgumentParser, Namespace

from routellm_core.commands.reading_arguments import reading_options
from routellm_core.evaluation.benchmark import Benchmark
from routellm_core.evaluation.benchmarks import load_benchmark, without_trained
from routellm_core.router import Router


def add_label_arguments(parser: ArgumentParser, *, confidence_of: str) -> None:
    """Add `--confidence`, `--scale` and `--data`.

    Args:
        parser: the command's.
        confidence_of: what the confidence is about, for the help.
    """
    parser.add_argument(
        "--confidence",
        type=float,
        default=0.9,
        metavar="P",
        help=f"confidence of {confidence_of} (default: %(default)s)",
    )
    parser.add_argument(
        "--scale",
        nargs=2,
        type=float,
        metavar=("LOW", "HIGH"),
        default=(0.0, 1.0),
        help="lowest and highest quality in the labels (default: 0 1)",
    )
    parser.add_argument(
        "--data",
        default=os.environ.get("ROUTELLM_DATA"),
        help="the data folder, if --labels names a benchmark",
    )


def labelled_benchmark(options: Namespace, router: Router) -> Benchmark:
    """Return what `--labels` names, without prompts that the router was trained on, in hash order.

    Raises:
        DataError: it can't be read, or has no labels of both models.
    """
    loaded = load_benchmark(
        options.labels,
        options.data,
        strong=options.strong,
        weak=options.weak,
        options=reading_options(options),
    )
    return without_trained(loaded, router).in_hash_order()
