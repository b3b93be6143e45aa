"""The form of the verdicts that a log holds: who has paid for one form is not made to pay for the other."""

from __future__ import annotations

import json
from os import PathLike
from pathlib import Path

from routellm_core.preferences.judging.verdict import parse_verdict


def verdicts_are_graded(log: str | PathLike[str], judge: str, *, wanted: bool) -> bool:
    """Return whether the verdicts of a run have grades: as wanted, unless the log holds the other form alone.

    Args:
        log: the run's file of calls; it need not exist.
        judge: the judge's name.
        wanted: whether grades are asked for.
    """
    if not Path(log).is_file():
        return wanted
    found: set[bool] = set()
    with Path(log).open("rb") as lines:
        for line in lines:
            if b'"judge"' not in line:
                continue
            try:
                row = json.loads(line)
            except ValueError:  # `CallLog` says what is wrong with it
                continue
            if not isinstance(row, dict) or (row.get("role"), row.get("model")) != ("judge", judge):
                continue
            text = row.get("text")
            if row.get("event") == "answer" and isinstance(text, str):
                found |= {graded for graded in (True, False) if parse_verdict(text, graded=graded)}
            if wanted in found:
                return wanted
    return found.pop() if found else wanted
