"""docs/conversations.md: its Python runs and prints what the page says."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

pytest.importorskip("langchain_openai", reason="langchain-openai is not installed")

from routellm_core.routing.cache_loss import SHORTEST_CACHED
from routellm_core.routing.conversation_memory import DEFAULT_SIZE
from routellm_core.routing.stickiness import MOST_TURNS

from examples.stand_in import StandInServer

ROOT = Path(__file__).parent.parent
PAGE = (ROOT / "docs/conversations.md").read_text()


def test_its_python_runs(
    stand_in: StandInServer, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "test-key")
    monkeypatch.setenv("OPENAI_API_BASE", stand_in.openai_url)
    (snippet,) = re.findall(r"```python\n(.*?)```", PAGE, flags=re.DOTALL)
    exec(compile(snippet, "conversations.md", "exec"), {})
    assert capsys.readouterr().out == "strong\n"


def test_its_numbers_are_those_of_the_code() -> None:
    for number in (DEFAULT_SIZE, SHORTEST_CACHED):
        assert f"{number:,}" in PAGE
    assert f"of up to {MOST_TURNS}" in PAGE


@pytest.mark.parametrize("link", re.findall(r"\]\((?!http)([^)#]+)\)", PAGE))
def test_links_lead_somewhere(link: str) -> None:
    assert (ROOT / "docs" / link).exists()
