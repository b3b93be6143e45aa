"""`routellm outcome`: write into a decision log how good an answer was: thumbs, a test, a person's grade."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Iterator
from typing import Any

from routellm_core.commands.command_error import UnwritableError
from routellm_core.routing.decision_log import SQLITE_SCHEME, DecisionLog
from routellm_core.routing.logged_decisions import DecisionLogError, log_path, read_decisions

SUMMARY = "record in the decision log how good an answer was"

EXAMPLE = """\
  routellm outcome 6f1c2a7e9b04 1 --log decisions.jsonl"""

_SQLITE_HEAD = b"SQLite format 3\0"


def add_arguments(parser: ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.add_argument("id", help="id of the decision, from the answer's routing record")
    parser.add_argument("score", type=float, help="0 (useless) to 1 (nothing left to improve)")
    parser.add_argument("--log", required=True, metavar="LOG", help="the decision log")
    parser.add_argument("--grader", default="user", help="who gives the score (default: %(default)s)")


def run(options: Namespace, say: Callable[[str], None]) -> Iterator[str]:
    """Write the outcome of a known decision.

    Raises:
        ValueError: the log holds no such decision, or the score is invalid.
        DecisionLogError: the log can't be read, or is none.
        UnwritableError: the row could not be written.
    """
    row: dict[str, Any] | None = None
    for row in read_decisions(options.log):
        if row.get("id") == options.id:
            break
    else:
        if row is None:
            raise DecisionLogError.without_rows(options.log)
        raise ValueError(f"{options.log} holds no decision {options.id!r}: copy the id from a record.")
    path = log_path(options.log)
    with path.open("rb") as stream:
        database = stream.read(len(_SQLITE_HEAD)) == _SQLITE_HEAD
    log = DecisionLog.open(f"{SQLITE_SCHEME}{path}" if database else path)
    log.outcome(options.id, options.score, options.grader)
    log.close()
    if log.lost:
        raise UnwritableError(f"the outcome could not be written to {path}.")
    yield f"wrote the outcome of {options.id} to {path}"
