"""One decision log under 4 processes of 64 threads each, through either adapter."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from routellm_core.routing.logged_decisions import read_decisions

PROCESSES, THREADS, CALLS = 4, 64, 128
"""Calls of each process on each log."""

LOGS = ("decisions.jsonl", "sqlite:///decisions.db")

_START = """
import json, os, sys
from concurrent.futures import ThreadPoolExecutor
from tests.pair_operation import NumberRouter
"""

_END = """
process, threads, calls, logs = int(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), sys.argv[4:]
for log in logs:
    llm = pair(log)
    texts = [f"{process} asks {number}" for number in range(calls)]
    with ThreadPoolExecutor(threads) as pool:
        records = list(pool.map(lambda text: ask(llm, text), texts))
    llm.decision_log.outcome(records[0]["id"], 1.0)
    # What is written last is written at exit.
    print(json.dumps([log, llm.decision_log.lost, dict(zip(texts, (each["id"] for each in records)))]))
"""


def shared_log(program: str, folder: Path) -> dict[str, dict[str, str]]:
    """Run a program that defines `pair(log)` and `ask(llm, prompt)`; return text -> id for each log."""
    command = [sys.executable, "-c", _START + program + _END]
    running = [
        subprocess.Popen(
            [*command, str(process), str(THREADS), str(CALLS), *LOGS],
            stdout=subprocess.PIPE,
            cwd=folder,
        )
        for process in range(PROCESSES)
    ]
    asked: dict[str, dict[str, str]] = {log: {} for log in LOGS}
    for process in running:
        printed, _ = process.communicate(timeout=60)
        assert process.returncode == 0
        for log, lost, ids in map(json.loads, printed.splitlines()):
            assert lost == 0
            asked[log] |= ids
    return asked


def check_whole(asked: dict[str, dict[str, str]], folder: Path) -> None:
    """Check that each log holds one whole row for each call, and each outcome."""
    for log, ids in asked.items():
        rows = list(read_decisions(folder / log.removeprefix("sqlite:///")))
        decisions: list[dict[str, Any]] = [row for row in rows if "outcome_of" not in row]
        assert len(ids) == PROCESSES * CALLS
        assert sorted((row["text"], row["id"]) for row in decisions) == sorted(ids.items())
        assert {row["outcome_of"] for row in rows if "outcome_of" in row} <= set(ids.values())
        assert len(rows) == len(decisions) + PROCESSES
