"""Reading a log: both kinds, rotated, half written, of a later version, and while it is written to."""

import json
from pathlib import Path

import pytest

from routellm_core.routing.budget import Budget, BudgetLimit
from routellm_core.routing.decision_log import DecisionLog
from routellm_core.routing.decision_stores import JsonLinesStore
from routellm_core.routing.logged_decisions import DecisionLogError, decided_route, read_decisions
from routellm_core.routing.share_history import _tail
from routellm_core.routing.shared_spend import SharedSpend


@pytest.mark.parametrize("where", ["decisions.jsonl", "sqlite:///decisions.db"])
def test_what_was_logged_is_read(where: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    log = DecisionLog.open(where)
    for number in range(3):
        log.write({"id": f"d{number}", "route": "weak"}, "hello")
    log.outcome("d1", 1.0)
    log.close()

    rows = list(read_decisions(where))
    assert [row["id"] for row in rows if "id" in row] == ["d0", "d1", "d2"]
    assert [row["score"] for row in rows if row.get("outcome_of") == "d1"] == [1.0]


@pytest.mark.parametrize("name", ["a#b.db", "a?b.db", "a%41.db", "a b&c;d.db"])
def test_a_path_may_hold_what_addresses_give_a_meaning(name: str, tmp_path: Path) -> None:
    log = DecisionLog.open(f"sqlite:///{tmp_path / name}")
    log.write({"id": "d", "route": "strong", "strong_cost": 2.0})
    log.close()
    assert [row["id"] for row in read_decisions(tmp_path / name)] == ["d"]
    assert [row["id"] for row in _tail(tmp_path / name)] == ["d"]
    budget = Budget(BudgetLimit(10.0, "month"))
    budget.share(SharedSpend(log))
    assert budget.spent == 2.0
    assert not (tmp_path / "a").exists()


def test_a_database_is_known_by_its_bytes(tmp_path: Path) -> None:
    log = DecisionLog.open(f"sqlite:///{tmp_path / 'log'}")
    log.write({"id": "d", "route": "weak"})
    log.close()
    assert [row["id"] for row in read_decisions(tmp_path / "log")] == ["d"]


def test_rotated_files_come_first(tmp_path: Path) -> None:
    store = JsonLinesStore(tmp_path / "log.jsonl", rotate_bytes=60)
    for number in range(5):
        store.append([{"version": 1, "id": f"d{number}", "filler": "x" * 40}])
    assert (tmp_path / "log.jsonl.4").exists()
    assert [row["id"] for row in read_decisions(tmp_path / "log.jsonl")] == [f"d{n}" for n in range(5)]


def test_half_a_line_is_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    path.write_text('{"version": 1, "id": "a"}\n{"version": 1, "i\n[]\n{"version": 1, "id": "b"}\n{"ver')
    assert [row["id"] for row in read_decisions(path)] == ["a", "b"]


def test_a_later_version_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    path.write_text(json.dumps({"version": 2, "id": "a"}) + "\n")
    with pytest.raises(DecisionLogError, match="version 2; this version reads 1: upgrade"):
        list(read_decisions(path))


def test_what_is_no_log_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DecisionLogError, match="is not a file"):
        list(read_decisions(tmp_path / "none.jsonl"))
    path = tmp_path / "other.db"
    path.write_bytes(b"SQLite format 3\0" + b"\0" * 100)
    with pytest.raises(DecisionLogError, match="can't be read as a decision log"):
        list(read_decisions(path))


def test_in_shadow_mode_the_side_that_would_have_answered_counts() -> None:
    assert decided_route({"route": "strong", "shadow_route": "weak"}) == "weak"
    assert decided_route({"route": "weak"}) == "weak"
