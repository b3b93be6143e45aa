"""Arguments that several commands share, and the objects made from them."""

from __future__ import annotations

import os
from argparse import ArgumentParser, Namespace
from pathlib import Path

from routellm_core.evaluation.stored_scores import StoredScores, default_store


def real_path(path: str) -> Path:
    """Return a path without links, to tell whether two are one file; links that lead in a circle stay."""
    # Path.resolve raises for those.
    return Path(os.path.realpath(path))


def check_pair(options: Namespace) -> None:
    """Check that a command's two models are two.

    Raises:
        ValueError: --strong and --weak name the same one.
    """
    strong, weak = getattr(options, "strong", None), getattr(options, "weak", None)
    if strong is not None and strong == weak:
        raise ValueError(f"--strong and --weak are both {strong!r}: two models are needed.")


def add_score_arguments(parser: ArgumentParser) -> None:
    """Add the arguments about stored scores."""
    parser.add_argument(
        "--scores",
        metavar="FILE",
        default=default_store(),
        help="cache file for the scores of slow routers (default: %(default)s)",
    )
    parser.add_argument("--no-scores", action="store_true", help="do not cache scores")


def stored_scores(options: Namespace) -> StoredScores:
    """Return the store that the arguments name; one that keeps nothing if so requested."""
    return StoredScores(None if options.no_scores else options.scores)


def add_report_argument(parser: ArgumentParser) -> None:
    """Add the arguments about the report."""
    parser.add_argument(
        "--report",
        metavar="FILE",
        help="write an HTML page that works offline, with a slider for the threshold (needs the extra plot)",
    )
