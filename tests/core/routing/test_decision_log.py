"""The decision log: every row is there, none is torn, and nothing that goes wrong with it reaches a call."""

import copy
import gc
import json
import logging
import os
import pickle
import signal
import sqlite3
import subprocess
import sys
import textwrap
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from routellm_core.routing import decision_log, decision_stores
from routellm_core.routing.decision_log import DecisionLog, new_decision_id, text_hash
from routellm_core.routing.decision_stores import JsonLinesStore, connect
from routellm_core.routing.journal import FunctionStore


def rows_of(path: Path) -> list[dict[str, Any]]:
    if path.suffix == ".db":
        with connect(path) as connection:
            found = connection.execute(
                "SELECT row FROM decisions UNION ALL SELECT row FROM outcomes"
            ).fetchall()
        return [json.loads(row) for (row,) in found]
    files = sorted(path.parent.glob(path.name + "*"))
    return [json.loads(line) for file in files for line in file.read_text("utf-8").splitlines()]


@pytest.fixture(params=["decisions.jsonl", "decisions.db"])
def path(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    return tmp_path / str(request.param)


def where(path: Path) -> str:
    return f"sqlite:///{path}" if path.suffix == ".db" else str(path)


def test_a_row_has_its_version_time_and_hash_and_no_text(path: Path) -> None:
    log = DecisionLog.open(where(path))
    log.write({"id": "a", "route": "weak"}, "What is a prime?")
    assert log.flush()
    (row,) = rows_of(path)
    assert row["id"] == "a"
    assert row["version"] == 1
    assert row["text_hash"] == text_hash("What is a prime?")
    assert "text" not in row
    assert "prime" not in path.read_bytes().decode("latin-1")


def test_the_text_is_there_where_it_was_asked_for(path: Path) -> None:
    log = DecisionLog.open(where(path), log_text=True)
    log.write({"id": "a"}, "Größe? 你好 \ud800")
    assert log.flush()
    assert rows_of(path)[0]["text"].startswith("Größe? 你好")


def test_outcomes_lie_beside_their_decisions(path: Path) -> None:
    log = DecisionLog.open(where(path))
    log.write({"id": "a"})
    log.outcome("a", 1, grader="thumbs")
    assert log.flush()
    outcome = next(row for row in rows_of(path) if "outcome_of" in row)
    assert (outcome["outcome_of"], outcome["score"], outcome["grader"]) == ("a", 1.0, "thumbs")


@pytest.mark.parametrize(
    ("id", "score"), [("", 0.5), (None, 0.5), ("a", 2), ("a", float("nan")), ("a", True)]
)
def test_an_outcome_that_is_none_is_refused(tmp_path: Path, id: Any, score: Any) -> None:
    with pytest.raises(ValueError, match=r"id is|score is"):
        DecisionLog.open(tmp_path / "log.jsonl").outcome(id, score)


@pytest.mark.parametrize("name", ["", "sqlite:///", ".", "postgres://me:password@host/log", "file:///log"])
def test_no_file_is_refused_at_once(name: str) -> None:
    with pytest.raises(ValueError, match="decision_log"):
        DecisionLog.open(name)


def test_nothing_is_opened_or_started_before_the_first_row(tmp_path: Path) -> None:
    before = threading.active_count()
    DecisionLog.open(tmp_path / "log.jsonl")
    assert threading.active_count() == before
    assert not list(tmp_path.iterdir())


def test_many_threads_lose_and_tear_nothing(path: Path) -> None:
    log = DecisionLog.open(where(path))
    with ThreadPoolExecutor(64) as pool:
        list(pool.map(lambda number: log.write({"id": str(number)}, "x" * 500), range(3_000)))
    assert log.flush()
    assert sorted(int(row["id"]) for row in rows_of(path)) == list(range(3_000))
    assert log.lost == 0


def child(code: str, *words: str) -> subprocess.Popen[bytes]:
    program = "import sys\nfrom routellm_core.routing.decision_log import DecisionLog\n" + textwrap.dedent(
        code
    )
    return subprocess.Popen([sys.executable, "-c", program, *words], stdout=subprocess.PIPE)


def test_four_processes_write_to_one_log(path: Path) -> None:
    code = """
    log = DecisionLog.open(sys.argv[1])
    for number in range(500):
        log.write({"id": sys.argv[2] + str(number), "filler": "y" * 2_000})
    """
    children = [child(code, where(path), letter) for letter in "abcd"]
    assert [one.wait(60) for one in children] == [0] * 4
    assert len({row["id"] for row in rows_of(path)}) == 2_000


def test_what_a_killed_process_left_unfinished_spoils_no_other_row(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    path.write_text('{"id": "whole"}\n{"id": "to')
    log = DecisionLog.open(path)
    log.write({"id": "next"})
    assert log.flush()
    lines = path.read_text().splitlines()
    assert json.loads(lines[0])["id"] == "whole"
    assert json.loads(lines[2])["id"] == "next"


def test_a_kill_loses_only_what_was_waiting(path: Path) -> None:
    code = """
    log = DecisionLog.open(sys.argv[1])
    for number in range(10**9):
        log.write({"id": str(number)})
        if number % 100 == 0:
            log.flush()
            print(number, flush=True)
    """
    running = child(code, where(path))
    assert running.stdout is not None
    said = [int(running.stdout.readline()) for _ in range(5)]
    running.send_signal(signal.SIGKILL)
    running.wait(10)
    running.stdout.close()
    found = [row["id"] for row in rows_of(path) if row]
    assert len(set(found)) == len(found) >= said[-1] + 1
    log = DecisionLog.open(where(path))
    log.write({"id": "after"})
    assert log.flush()
    assert log.lost == 0


def test_a_fork_writes_its_own_rows(path: Path) -> None:
    code = """
    import os
    log = DecisionLog.open(sys.argv[1])
    log.write({"id": "parent"})
    log.flush()
    child = os.fork()
    log.write({"id": "child" if child == 0 else "parent again"})
    log.close()
    if child == 0:
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0
    """
    assert child(code, where(path)).wait(30) == 0
    assert sorted(row["id"] for row in rows_of(path)) == ["child", "parent", "parent again"]


def test_a_fork_in_the_middle_of_a_write_locks_nobody_out(tmp_path: Path) -> None:
    path = tmp_path / "decisions.jsonl"
    code = """
    import os, threading
    from routellm_core.routing import decision_stores
    whole, writing, go_on = decision_stores._append_whole, threading.Event(), threading.Event()
    def waiting(*arguments):
        writing.set()
        go_on.wait(20)
        whole(*arguments)
    decision_stores._append_whole = waiting
    log = DecisionLog.open(sys.argv[1])
    log.write({"id": "parent"})
    assert writing.wait(20)
    child = os.fork()
    decision_stores._append_whole = whole
    go_on.set()
    log.write({"id": "child" if child == 0 else "parent again"})
    written = log.flush(10)
    if child == 0:
        os._exit(0 if written else 1)
    assert written
    assert os.waitpid(child, 0)[1] == 0
    """
    assert child(code, str(path)).wait(60) == 0
    assert sorted(row["id"] for row in rows_of(path)) == ["child", "parent", "parent again"]


def test_a_fork_while_a_thread_holds_the_log_can_end_all_the_same(path: Path) -> None:
    code = """
    import os, signal, threading
    log = DecisionLog.open(sys.argv[1])
    log.write({"id": "parent"})
    log.flush()
    held, go_on = threading.Event(), threading.Event()
    def hold():
        with log._writer._changed:
            held.set()
            go_on.wait(20)
    threading.Thread(target=hold).start()
    held.wait(20)
    child = os.fork()
    if child == 0:
        # Or it would be there for ever, where this fails.
        signal.alarm(10)
        assert log.flush(5)
        log.close()
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0
    go_on.set()
    """
    assert child(code, where(path)).wait(30) == 0


def test_the_log_is_flushed_when_the_program_ends(path: Path) -> None:
    code = 'DecisionLog.open(sys.argv[1]).write({"id": "last words"})'
    assert child(code, where(path)).wait(30) == 0
    assert [row["id"] for row in rows_of(path)] == ["last words"]


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


def test_files_are_rotated_and_nothing_is_lost(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    store = JsonLinesStore(path, rotate_bytes=2_000, keep=50)
    for number in range(100):
        store.append([{"id": str(number), "filler": "z" * 100}])
    assert len(list(tmp_path.glob("log.jsonl.[0-9]*"))) >= 5
    assert sorted(int(row["id"]) for row in rows_of(path)) == list(range(100))
    assert path.stat().st_size < 2_500


def test_it_can_be_read_while_it_is_written(path: Path) -> None:
    log = DecisionLog.open(where(path))
    for number in range(50):
        log.write({"id": str(number)})
        log.flush()
        assert len(rows_of(path)) == number + 1


def test_copies_and_pickles_write_to_the_same_file(path: Path) -> None:
    log = DecisionLog.open(where(path))
    others = [log, copy.deepcopy(log), pickle.loads(pickle.dumps(log))]
    for number, other in enumerate(others):
        other.write({"id": str(number)})
        assert other.flush()
    assert sorted(row["id"] for row in rows_of(path)) == ["0", "1", "2"]


def test_a_log_that_nobody_holds_is_not_kept(tmp_path: Path) -> None:
    log = DecisionLog.open(tmp_path / "log.jsonl")
    log.write({"id": "a"})
    log.close()
    import weakref

    gone = weakref.ref(log._writer)
    del log
    gc.collect()
    deadline = time.monotonic() + 10
    while gone() is not None and time.monotonic() < deadline:
        gc.collect()
        time.sleep(0.01)
    assert gone() is None


def test_closing_twice_and_writing_again(path: Path) -> None:
    log = DecisionLog.open(where(path))
    log.close()
    log.write({"id": "a"})
    log.close()
    log.close()
    log.write({"id": "b"})
    assert log.flush()
    assert sorted(row["id"] for row in rows_of(path)) == ["a", "b"]


def test_values_that_json_does_not_know_are_written_as_text(path: Path) -> None:
    log = DecisionLog.open(where(path))
    log.write({"id": "a", "thread_id": Path("t")})
    assert log.flush()
    assert rows_of(path)[0]["thread_id"] == "t"


def test_only_its_owner_reads_the_file(path: Path) -> None:
    log = DecisionLog.open(where(path))
    log.write({"id": "a"})
    assert log.flush()
    if path.suffix == ".jsonl":
        assert os.stat(path).st_mode & 0o077 == 0


def test_ids_are_all_different() -> None:
    assert len({new_decision_id() for _ in range(10_000)}) == 10_000


def test_a_locked_read_only_database_is_said_with_its_kind(tmp_path: Path) -> None:
    path = tmp_path / "log.db"
    path.write_bytes(b"this is no database" * 100)
    log = DecisionLog.open(where(path))
    log.write({"id": "a"})
    assert log.flush()
    assert log.lost == 1
    with pytest.raises(sqlite3.DatabaseError):
        connect(path)
