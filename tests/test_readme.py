"""The README's Python runs as it stands, against the stand-in provider; its links and names exist."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

pytest.importorskip("langchain_openai", reason="langchain-openai is not installed")
pytest.importorskip("llama_index.llms.openai", reason="llama-index-llms-openai is not installed")

from examples.stand_in import StandInServer

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text()
SNIPPETS = re.findall(r"```python\n(.*?)```", README, flags=re.DOTALL)


def test_there_are_snippets_for_both_frameworks() -> None:
    assert len(SNIPPETS) >= 3
    assert any("langchain_routellm" in snippet for snippet in SNIPPETS)
    assert any("llamaindex_routellm" in snippet for snippet in SNIPPETS)


@pytest.mark.parametrize("snippet", SNIPPETS)
def test_snippets_run(
    snippet: str, stand_in: StandInServer, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "test-key")
    monkeypatch.setenv("OPENAI_API_BASE", stand_in.openai_url)
    exec(compile(snippet, "README.md", "exec"), {})
    # a snippet with a model asks it
    assert bool(stand_in.requests) == ("llm." in snippet)
    assert stand_in.refused == []
    printed = capsys.readouterr().out
    assert ("'route'" in printed) == ("print(" in snippet)


@pytest.mark.parametrize("link", re.findall(r"\]\((?!http)([^)#]+)\)", README))
def test_links_lead_somewhere(link: str) -> None:
    assert (ROOT / link).exists()


def test_every_reason_is_named() -> None:
    from typing import get_args

    from routellm_core.routing.decision import Reason

    assert all(f"`{reason}`" in README for reason in get_args(Reason))


def test_every_file_of_the_map_exists() -> None:
    rows = re.findall(r"^\| (`.*?`) \|", README.split("## Where things live")[1], flags=re.MULTILINE)
    for row in rows:
        for name in re.findall(r"`([^`]+)`", row):
            folder = ROOT if not name.startswith("...") else ROOT / "core/routellm_core"
            path = folder / name.removeprefix(".../")
            assert path.exists() or (ROOT / "core/routellm_core" / name).exists(), name
