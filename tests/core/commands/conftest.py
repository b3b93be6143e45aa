"""Fixtures of the command line."""

import json
from pathlib import Path

import pytest

from tests.core.commands.every_command import write_files
from tests.core.labelled_prompts import write_rows
from tests.core.won_battles import ROWS


@pytest.fixture
def labels(tmp_path: Path) -> Path:
    """A file of graded prompts, which the small model gets wrong where a proof is asked for."""
    path = tmp_path / "labels.jsonl"
    rows = [
        {"prompt": f"{text} Case {n}.", "scores": {"big": 1, "small": small}}
        for n in range(6)
        for text, small in (("Prove this theorem.", 0), ("Say hello.", 1))
    ]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A working folder with what every command reads, and a key."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("OPENAI_API_KEY", "sk-test-key")
    write_files()


@pytest.fixture
def battles(tmp_path: Path) -> str:
    """A file of battles, most of which strong wins where a proof is asked for."""
    return write_rows(tmp_path / "battles.jsonl", ROWS)
