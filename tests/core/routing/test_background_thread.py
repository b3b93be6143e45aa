"""Nothing waits for a thread that the interpreter, on its way out, never runs."""

import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from routellm_core.routing import decision_log
from routellm_core.routing.background_thread import start_in_background
from routellm_core.routing.decision_log import DecisionLog

from tests.core.decision_rows import rows_of, where


def test_a_thread_does_its_work_and_keeps_nobody_from_leaving() -> None:
    done: list[int] = []
    thread = start_in_background(lambda: done.append(1), "a name")
    thread.join(10)
    assert done == [1]
    assert thread.daemon
    assert thread.name == "a name"


def test_none_is_started_while_the_interpreter_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "is_finalizing", lambda: True)
    with pytest.raises(RuntimeError, match="interpreter"):
        start_in_background(lambda: None, "late")


def test_a_row_that_comes_as_the_program_ends_does_not_keep_it_from_ending(path: Path) -> None:
    code = """
    import sys
    from routellm_core.routing.decision_log import DecisionLog

    log = DecisionLog.open(sys.argv[1])
    class AtTheEnd:
        def __del__(self, write=log.write):
            write({"id": "late"})
    last = AtTheEnd()
    """
    program = [sys.executable, "-c", textwrap.dedent(code), where(path)]
    ended = subprocess.run(program, capture_output=True, timeout=20)
    assert ended.returncode == 0
    # SQLite can't be imported by then.
    assert path.suffix == ".db" or [row["id"] for row in rows_of(path)] == ["late"]


def test_rows_are_written_without_a_thread_where_none_can_be_started(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*_: object) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(decision_log, "start_in_background", refused)
    log = DecisionLog.open(where(path))
    log.write({"id": "1"})
    log.write({"id": "2"})
    assert log.flush()
    assert [row["id"] for row in rows_of(path)] == ["1", "2"]
