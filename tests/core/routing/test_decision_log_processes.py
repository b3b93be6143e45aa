"""One decision log and several processes: forks, kills, ends of programs, copies and pickles."""

import copy
import json
import pickle
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

from routellm_core.routing.decision_log import DecisionLog

from tests.core.decision_rows import rows_of, where


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


def test_copies_and_pickles_write_to_the_same_file(path: Path) -> None:
    log = DecisionLog.open(where(path))
    others = [log, copy.deepcopy(log), pickle.loads(pickle.dumps(log))]
    for number, other in enumerate(others):
        other.write({"id": str(number)})
        assert other.flush()
    assert sorted(row["id"] for row in rows_of(path)) == ["0", "1", "2"]
