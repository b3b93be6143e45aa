"""Weak calls: which calls of a decision log the score sent to weak, and a uniform draw from them."""

from __future__ import annotations

import hashlib
import heapq
import os
from collections.abc import Container, Mapping
from dataclasses import dataclass, field
from typing import Any

from routellm_core.routing.logged_decisions import DecisionLogError, decided_route, read_decisions

Row = Mapping[str, Any]


@dataclass(frozen=True)
class WeakCalls:
    """The weak calls of a log.

    Attributes:
        calls: calls that the score decided, with the newest row's router and models.
        weak_calls: those of them that it sent to weak.
        others: calls that the score decided with another router, other models or another threshold.
        known: id -> row of the weak calls requested by id.
        drawn: newly drawn weak calls, in the order of the draw.
        models: side -> the model's name, if logged.
    """

    calls: int
    weak_calls: int
    others: int
    known: Mapping[str, Row]
    drawn: list[Row]
    models: Mapping[str, str] = field(default_factory=dict)


def find_weak_calls(
    where: str | os.PathLike[str],
    sample: int,
    known: Container[str] = (),
    threshold: float | None = None,
    since: str = "",
) -> WeakCalls:
    """Read a log twice: for its newest router and models, then for their weak calls.

    The draw is by a hash of each call's id, which is independent of the call, so it is uniform, the same for
    the same log, and needs no memory for calls that are not drawn.

    Args:
        where: the log.
        sample: how many weak calls to draw that are not among `known`.
        known: ids of calls drawn before.
        threshold: count only calls decided at this one; None for any.
        since: ISO 8601 time in UTC; earlier calls are left out.

    Raises:
        DecisionLogError: the log can't be read, or holds no call that the score decided.
    """
    newest: Row | None = None
    row: Row | None = None
    for row in read_decisions(where):
        if _is_scored(row, since):
            newest = row
    if row is None:
        raise DecisionLogError.without_rows(where)
    if newest is None:
        raise DecisionLogError(
            f"{os.fspath(where)} holds no call that the score decided{' since ' + since if since else ''}."
        )
    wanted = _identity(newest)
    calls = weak_calls = others = 0
    found: dict[str, Row] = {}
    drawn: list[tuple[int, str, Row]] = []
    for row in read_decisions(where):
        if not _is_scored(row, since):
            continue
        if _identity(row) != wanted or (threshold is not None and row.get("threshold") != threshold):
            others += 1
            continue
        calls += 1
        if decided_route(row) != "weak":
            continue
        weak_calls += 1
        id = row["id"]
        if id in known:
            found[id] = row
        elif sample:
            heapq.heappush(drawn, (-lot(id), id, row))
            if len(drawn) > sample:
                heapq.heappop(drawn)
    _add_answers(where, {**found, **{id: row for _, id, row in drawn}})
    models = newest.get("models")
    ordered = [row for _, _, row in sorted(drawn, key=lambda item: (-item[0], item[1]))]
    names = {str(side): str(name) for side, name in models.items()} if isinstance(models, dict) else {}
    return WeakCalls(calls, weak_calls, others, found, ordered, names)


def _add_answers(where: str | os.PathLike[str], rows: dict[str, Row]) -> None:
    """Add to these calls' rows what several models answered to them, which the log tells apart from them."""
    for row in read_decisions(where):
        call = rows.get(str(row.get("answers_of")))
        if isinstance(call, dict) and isinstance(row.get("answers"), dict):
            call["answers"] = row["answers"]


def _is_scored(row: Row, since: str) -> bool:
    return row.get("reason") == "score" and isinstance(row.get("id"), str) and str(row.get("time")) >= since


def _identity(row: Row) -> tuple[Any, Any, Any]:
    return row.get("router"), row.get("fingerprint"), repr(row.get("models"))


def lot(id: str) -> int:
    """Return a number below 2**64 that is independent of the call: draws take the smallest ones first."""
    return int.from_bytes(hashlib.blake2b(id.encode("utf-8", "surrogatepass"), digest_size=8).digest())
