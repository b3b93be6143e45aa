"""docs/thresholds.md: its commands print what it says they print, and its Python runs."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

pytest.importorskip("langchain_openai", reason="langchain-openai is not installed")

from routellm_core.commands.cli import main

from examples.stand_in import StandInServer

ROOT = Path(__file__).parent.parent
PAGE = (ROOT / "docs/thresholds.md").read_text()
BLOCKS = re.findall(r"```console\n\$ routellm (.*?)\n(.*?)```", PAGE, flags=re.DOTALL)


@pytest.fixture
def clone(data_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder that looks as after the page's `git clone`."""
    (tmp_path / "RouteLLM/routellm").mkdir(parents=True)
    (tmp_path / "RouteLLM/routellm/evals").symlink_to(data_folder / "routellm_evals")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path


@pytest.mark.parametrize(("command", "expected"), BLOCKS, ids=[command for command, _ in BLOCKS])
def test_commands_print_what_the_page_shows(
    command: str, expected: str, clone: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    if "--plot" in command:
        pytest.importorskip("matplotlib", reason="plots need the extra plot")
    assert main(shlex.split(command)) == 0
    printed = capsys.readouterr().out.splitlines()
    shown = [line for line in expected.splitlines() if line != "..."]

    # "..." stands for any lines, so what is shown is there, in this order
    positions = [printed.index(line) for line in shown]
    assert positions == sorted(positions)


def test_the_calibrated_model_answers(
    clone: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (snippet,) = re.findall(r"```python\n(.*?)```", PAGE, flags=re.DOTALL)
    assert main(shlex.split(next(command for command, _ in BLOCKS if "--out" in command))) == 0
    capsys.readouterr()
    with StandInServer(["gpt-4-1106-preview", "Mixtral-8x7B-Instruct-v0.1"]) as server:
        monkeypatch.setenv("OPENAI_API_KEY", "test-key")
        monkeypatch.setenv("OPENAI_API_BASE", server.openai_url)
        exec(compile(snippet, "thresholds.md", "exec"), {})

    assert "'route': 'weak'" in capsys.readouterr().out


def test_pictures_and_names_exist() -> None:
    for picture in re.findall(r"\]\((\w+\.png)\)", PAGE):
        assert (ROOT / "docs" / picture).stat().st_size > 5000
    assert "--max-loss" in PAGE
    assert len(BLOCKS) == 5
