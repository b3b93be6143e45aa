"""Share history: the state of a share, restored from a decision log after a restart."""

from __future__ import annotations

import json
import os
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any

from routellm_core.routing.decision import Route
from routellm_core.routing.decision_stores import open_to_read
from routellm_core.routing.logged_decisions import decided_route, log_path
from routellm_core.routing.share_tracker import STEP, ShareTracker

TAIL_BYTES = 4 * 1024 * 1024
"""Bytes read from the end of a JSON Lines log: a few thousand rows."""

TAIL_ROWS = 5_000
"""Rows read from a database."""


def logged_share_state(
    where: str | os.PathLike[str],
    tracker: ShareTracker,
    fingerprint: str | None,
    above: Collection[Route] = ("strong",),
) -> dict[str, Any]:
    """Return what `ShareTracker.restore` takes, from the last scored calls of one router in a log.

    Each text counts once, as the tracker counts it. Only the end of the log is read.

    Args:
        where: the log.
        tracker: the one to be restored.
        fingerprint: the router's.
        above: the sides whose share the tracker keeps.

    Raises:
        OSError: the log can't be read.
        sqlite3.Error: likewise, for a database.
    """
    scores: dict[str, tuple[float, bool]] = {}
    for row in _tail(log_path(where)):
        score, text = row.get("score"), row.get("text_hash")
        if row.get("reason") != "score" or row.get("fingerprint") != fingerprint or text is None:
            continue
        if isinstance(score, float) and 0.0 <= score <= 1.0:
            scores.setdefault(text, (score, decided_route(row) in above))
    level = asked = tracker.strong_share
    for _, strong in scores.values():
        level += STEP * (asked - strong)
    return {"strong_share": asked, "level": level, "scores": [score for score, _ in scores.values()]}


def _tail(path: Path) -> Iterator[dict[str, Any]]:
    with path.open("rb") as stream:
        if stream.read(16) == b"SQLite format 3\0":
            yield from _last_rows(path)
            return
        size = stream.seek(0, os.SEEK_END)
        stream.seek(max(0, size - TAIL_BYTES))
        lines = stream.read().splitlines()
    # The first line may be incomplete.
    for line in lines[1:] if size > TAIL_BYTES else lines:
        yield from _parsed(line)


def _last_rows(path: Path) -> Iterator[dict[str, Any]]:
    query = "SELECT row FROM decisions ORDER BY rowid DESC LIMIT ?"
    with open_to_read(path) as connection:
        rows = connection.execute(query, (TAIL_ROWS,)).fetchall()
    for (text,) in reversed(rows):
        yield from _parsed(text)


def _parsed(text: str | bytes) -> Iterator[dict[str, Any]]:
    try:
        row = json.loads(text)
    except (ValueError, RecursionError):
        return
    if isinstance(row, dict):
        yield row
