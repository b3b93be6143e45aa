"""docs/reader.md: its Python runs, and its table is what the command prints."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from routellm_core.paper_tables import reader_bands

from examples.stand_in import StandInServer

PAGE = (Path(__file__).parent.parent / "docs/reader.md").read_text()


def test_the_pair_reads_and_answers(
    stand_in: StandInServer, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("langchain_openai", reason="langchain-openai is not installed")
    (snippet,) = re.findall(r"```python\n(.*?)```", PAGE, flags=re.DOTALL)
    monkeypatch.setenv("OPENAI_API_KEY", "test-key")
    monkeypatch.setenv("OPENAI_API_BASE", stand_in.openai_url)
    exec(compile(snippet, "reader.md", "exec"), {})

    route, stats = capsys.readouterr().out.splitlines()
    assert route == "weak"
    assert stats.startswith("ReadingStats(")
    assert stand_in.refused == []


def test_the_table_is_what_the_command_prints(data_folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert reader_bands.main(["--data", str(data_folder)]) == 0
    printed = capsys.readouterr().out

    assert printed in PAGE
    assert "not measured" in PAGE
