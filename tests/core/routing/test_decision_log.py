"""The decision log: every row is there, none is torn, and nothing that goes wrong with it reaches a call."""

import gc
import os
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from routellm_core.routing.decision_log import DecisionLog, new_decision_id, text_hash
from routellm_core.routing.decision_stores import JsonLinesStore

from tests.core.decision_rows import rows_of, where


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
