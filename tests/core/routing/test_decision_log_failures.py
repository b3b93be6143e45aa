"""A decision log that can't be written: rows are lost and counted, and no call fails."""

import logging
import sqlite3
import threading
from pathlib import Path
from typing import Any

import pytest

from routellm_core.routing import decision_log, decision_stores
from routellm_core.routing.decision_log import DecisionLog
from routellm_core.routing.decision_stores import connect
from routellm_core.routing.journal import FunctionStore

from tests.core.decision_rows import rows_of, where


def test_a_disk_that_fails_is_reported_once_and_counted(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    class Full:
        def append(self, rows: list[Any]) -> None:
            raise OSError(28, "No space left on device")

        def close(self) -> None:
            raise OSError(28, "No space left on device")

    log = DecisionLog(Full(), "decisions.jsonl")
    with caplog.at_level(logging.WARNING, logger="routellm"):
        for number in range(20):
            log.write({"id": str(number)})
            log.flush()
        log.close()
    assert log.lost == 20
    (record,) = caplog.records
    assert "decisions.jsonl" in record.getMessage()
    assert "No space left" in record.getMessage()


@pytest.mark.parametrize("error", [ConnectionError("key sk-0123456789abcdefghijkl"), SystemExit(1)])
def test_whatever_a_function_raises_is_a_lost_row_and_no_secret_is_said(
    error: BaseException, caplog: pytest.LogCaptureFixture
) -> None:
    def told(_: dict[str, Any]) -> None:
        raise error

    log = DecisionLog(FunctionStore(told), "on_decision")
    log.write({"id": "d"})
    assert log.flush(2.0)
    assert log.lost == 1
    assert type(error).__name__ in caplog.text
    assert "sk-" not in caplog.text


@pytest.mark.skipif(not Path("/dev/full").is_char_device(), reason="needs /dev/full")
def test_a_full_disk_at_the_file_itself(tmp_path: Path) -> None:
    (tmp_path / "log.jsonl").symlink_to("/dev/full")
    log = DecisionLog.open(tmp_path / "log.jsonl")
    log.write({"id": "a"})
    assert log.flush()
    assert log.lost == 1


def test_a_database_that_another_process_locks_loses_its_rows_and_no_call(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(decision_stores, "BUSY_SECONDS", 0.05)
    path = tmp_path / "log.db"
    blocker = connect(path)
    blocker.execute("BEGIN EXCLUSIVE")
    log = DecisionLog.open(where(path))
    log.write({"id": "a"})
    assert log.flush()
    assert log.lost == 1
    blocker.rollback()
    blocker.close()
    log.write({"id": "b"})
    assert log.flush()
    assert [row["id"] for row in rows_of(path)] == ["b"]


def test_a_deleted_folder_is_made_again(path: Path) -> None:
    folder = path.parent / "logs"
    inner = folder / path.name
    log = DecisionLog.open(where(inner))
    log.write({"id": "a"})
    assert log.flush()
    for file in folder.iterdir():
        file.unlink()
    folder.rmdir()
    log.write({"id": "b"})
    assert log.flush()
    assert [row["id"] for row in rows_of(inner)] == ["b"]


def test_a_slow_disk_holds_up_no_caller_and_fills_no_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(decision_log, "QUEUE_SIZE", 100)
    release = threading.Event()
    written: list[Any] = []

    class Slow:
        def append(self, rows: list[Any]) -> None:
            release.wait(30)
            written.extend(rows)

        def close(self) -> None:
            pass

    log = DecisionLog(Slow(), "slow")
    for number in range(1_000):
        log.write({"id": str(number)})
    assert len(log._writer._waiting) <= 100
    release.set()
    assert log.flush()
    assert len(written) + log.lost == 1_000
    assert log.lost >= 800


def test_a_locked_read_only_database_is_said_with_its_kind(tmp_path: Path) -> None:
    path = tmp_path / "log.db"
    path.write_bytes(b"this is no database" * 100)
    log = DecisionLog.open(where(path))
    log.write({"id": "a"})
    assert log.flush()
    assert log.lost == 1
    with pytest.raises(sqlite3.DatabaseError):
        connect(path)


def test_a_value_without_a_text_costs_no_row(path: Path) -> None:
    class Unsayable:
        def __str__(self) -> str:
            raise RuntimeError

    log = DecisionLog.open(where(path))
    log.write({"id": "before"})
    log.write({"id": "odd", "thread_id": Unsayable(), "cost": 1})
    log.outcome("after", 0.5, Unsayable())  # type: ignore[arg-type]
    assert log.flush()
    assert log.lost == 0
    rows = rows_of(path)
    assert [row.get("id", row.get("outcome_of")) for row in rows] == ["before", "odd", "after"]
    assert rows[1]["thread_id"] == "Unsayable"
    assert rows[1]["cost"] == 1
    assert rows[2]["grader"] == "Unsayable"
