"""docs/adaptation.md: its commands print lines like those that it shows, and its Python runs."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from routellm_core import load_router
from routellm_core.commands.cli import main

ROOT = Path(__file__).parent.parent
PAGE = (ROOT / "docs/adaptation.md").read_text()
DRAW, FROM_PYTHON = re.findall(r"```python\n(.*?)```", PAGE, flags=re.DOTALL)
BLOCKS = re.findall(r"```console\n\$ routellm (.*?)\n(.*?)```", PAGE, flags=re.DOTALL)[1:]
"""The first is of files that the reader has."""


def without_numbers(line: str) -> str:
    """A router that is trained anew has other figures, and then other columns' widths and parts."""
    return " ".join(re.sub(r"[+-]?\d[\d.,]*", "0", line).split())


def test_the_example_runs_as_the_page_shows(
    data_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "RouteLLM/routellm").mkdir(parents=True)
    (tmp_path / "RouteLLM/routellm/evals").symlink_to(data_folder / "routellm_evals")
    monkeypatch.chdir(tmp_path)
    exec(compile(DRAW, "adaptation.md", "exec"), {})
    for command, expected in BLOCKS:
        assert main(shlex.split(command)) == 0
        printed = {without_numbers(line) for line in capsys.readouterr().out.splitlines()}
        shown = [line for line in expected.splitlines() if line != "..." and not re.match("  [+-]", line)]
        assert [line for line in shown if without_numbers(line) not in printed] == []
    exec(compile(FROM_PYTHON, "adaptation.md", "exec"), {})

    assert load_router("april").score(["x"]) == load_router("march").score(["x"])


def test_every_row_that_the_page_shows_is_a_label(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (rows,) = re.findall(r"```json\n(.*?)```", PAGE, flags=re.DOTALL)
    path = tmp_path / "labels.jsonl"
    path.write_text(rows)
    arguments = ["--strong", "gpt-4o", "--weak", "gpt-4o-mini", "--out", str(tmp_path / "mine")]

    assert main(["adapt", "--labels", str(path), *arguments]) != 0
    error = capsys.readouterr().err
    assert f"read {len(rows.splitlines())} labels" in error
    assert "4 distinct prompts" in error
