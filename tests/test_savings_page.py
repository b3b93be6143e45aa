"""docs/savings.md: its commands run, in their order, and print what it shows but for the numbers."""

from __future__ import annotations

import re
import runpy
import shlex
import sys
from pathlib import Path

import pytest

pytest.importorskip("langchain_openai", reason="langchain-openai is not installed")
pytest.importorskip("matplotlib", reason="the report needs the extra plot")

from routellm_core.commands.cli import main
from routellm_core.preferences.reading.layouts import LAYOUT_NAMES

from examples.stand_in import StandInServer

ROOT = Path(__file__).parent.parent
PAGE = (ROOT / "docs/savings.md").read_text()
BLOCKS = re.findall(r"```console\n\$ (.*?)\n(.*?)```", PAGE, flags=re.DOTALL)

STAND_IN = "http://127.0.0.1:8001/v1"


def masked(line: str) -> str:
    """A line without its numbers, which change with the router, and without the spaces that align them."""
    return " ".join(re.sub(r"-{2,}", "-", re.sub(r"\d[\d,.]*", "#", line)).split())


def test_the_journey_from_a_log_to_a_model(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    with StandInServer() as server:
        for command, expected in BLOCKS:
            words = [server.openai_url if word == STAND_IN else word for word in shlex.split(command)]
            if words[0] == "python":
                monkeypatch.setattr(sys, "argv", words[2:])
                runpy.run_module(words[2], run_name="__main__")
            else:
                assert main(words[1:]) == 0, command
            printed = [masked(line) for line in capsys.readouterr().out.splitlines()]
            shown = [masked(line) for line in expected.splitlines() if line != "..."]
            missing = [line for line in shown if line not in printed and "*" not in line]
            assert missing == [], command
    assert (tmp_path / "savings.html").stat().st_size > 50_000

    (snippet,) = re.findall(r"```python\n(.*?)```", PAGE, flags=re.DOTALL)
    with StandInServer(["gpt-4o", "gpt-4o-mini"]) as server:
        monkeypatch.setenv("OPENAI_API_KEY", "test-key")
        monkeypatch.setenv("OPENAI_API_BASE", server.openai_url)
        exec(compile(snippet, "savings.md", "exec"), {})
    assert "'route': '" in capsys.readouterr().out


def test_the_page_has_all_steps_and_all_layouts() -> None:
    assert [shlex.split(command)[1] for command, _ in BLOCKS] == [
        "-m",
        "savings",
        "savings",
        "label",
        "label",
        "calibrate",
        "savings",
    ]
    assert all(f"`{name}`" in PAGE for name in LAYOUT_NAMES)
