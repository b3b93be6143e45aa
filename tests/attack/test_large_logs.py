"""`routellm savings` on logs of many rows: the memory of the process is bounded, whatever the rows are."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from tests.attack.strength import TIMES

_FEW = 3_000
_ROWS = 15_000 * TIMES
_CHARACTERS = 2_000
_BOUND = 32 * 2**20
"""Bytes: the last 50,000 decisions, whose later calls are recognized, and SQLite's cache."""

_RUN = """
import resource, sys
from routellm_core.commands.cli import main
status = main(["savings", sys.argv[1], "--strong", "gpt-4o", "--weak", "gpt-4o-mini", "--json"])
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024, file=sys.stderr)
sys.exit(status)
"""


def write_log(path: Path, rows: int) -> None:
    filler = "a long list of ordinary words that fills the row " * (_CHARACTERS // 49)
    usage = {"prompt_tokens": 400, "completion_tokens": 80}
    with path.open("w", encoding="utf-8") as file:
        for number in range(rows):
            messages = [{"role": "user", "content": f"Question {number}: {filler}?"}]
            row = {"request": {"messages": messages}, "response": {"model": "gpt-4o", "usage": usage}}
            file.write(json.dumps(row) + "\n")


def peak(path: Path, rows: int) -> int:
    write_log(path, rows)
    ran = subprocess.run([sys.executable, "-c", _RUN, str(path)], capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    assert json.loads(ran.stdout)["calls"] == rows
    return int(ran.stderr.splitlines()[-1])


def test_memory_is_bounded(tmp_path: Path) -> None:
    grown = peak(tmp_path / "many.jsonl", _FEW + _ROWS) - peak(tmp_path / "few.jsonl", _FEW)
    assert grown < _BOUND
