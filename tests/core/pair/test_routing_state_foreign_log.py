"""A log that a later version, or another program, has written: calls go on, and each fault is said once."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from routellm_core import RoutingRequest
from routellm_core.pair.routing_state import RoutingState
from routellm_core.routing.escalation import Escalation
from routellm_core.routing.prices import TokenUsage
from routellm_core.settings import RoutingSettings


def later_rows(path: Path) -> None:
    path.write_text(json.dumps({"version": 2, "id": "a", "strong_cost": 5.0, "score": "high"}) + "\n")


def no_rows(path: Path) -> None:
    path.write_bytes(b"\x00\xff no log \n" * 9)


def other_tables(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("CREATE TABLE decisions (id TEXT, moment TEXT, payload TEXT)")


@pytest.mark.parametrize(
    ("make", "where", "lost", "said"),
    [
        (later_rows, "d.jsonl", 0, ["budget: d.jsonl can't be read"]),
        (no_rows, "d.jsonl", 0, []),
        (
            other_tables,
            "sqlite:///d.db",
            20,
            ["budget: d.db can't be read", "the share starts over: d.db can't be read", "rows are lost"],
        ),
    ],
)
def test_calls_go_on(
    make: object,
    where: str,
    lost: int,
    said: list[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.chdir(tmp_path)
    path = Path(where.removeprefix("sqlite:///"))
    make(path)  # type: ignore[operator]  # each takes a path
    before = path.read_bytes()
    given = {
        "strong_share": 0.3,
        "prices": {"strong": {"input": 1e6, "output": 0}, "weak": {"input": 0, "output": 0}},
        "budget": {"strong": 1e9, "per": "day"},
        "decision_log": where,
    }
    state = RoutingState(RoutingSettings.checked(given))
    settings, models = RoutingSettings.checked(given), {"strong": "big", "weak": "small"}
    it = state.dispatcher(settings, Escalation(), models, lambda _: TokenUsage(1, 1))
    for number in range(20):
        request = RoutingRequest(f"What is the square of {number}?")
        assert it.answer(it.decide(request), lambda decision: decision.route) in ("strong", "weak")
    assert state.log is not None
    assert state.log.flush()
    assert state.log.lost == lost
    assert path.read_bytes().startswith(before[:16])
    for words in said:
        assert caplog.text.count(words) == 1
    assert len(caplog.records) == len(said)
