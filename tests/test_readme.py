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
    assert len(SNIPPETS) == 2
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


def test_the_router_of_ones_own_on_the_routers_page_scores() -> None:
    page = (ROOT / "docs/routers.md").read_text()
    (snippet,) = re.findall(r"```python\n(.*?)```", page, flags=re.DOTALL)
    names: dict[str, type] = {}
    exec(compile(snippet, "routers.md", "exec"), names)
    assert names["LengthRouter"]().score(["x" * 200]).tolist() == [0.5]


@pytest.mark.parametrize("link", re.findall(r"\]\((?!http)([^)#]+)\)", README))
def test_links_lead_somewhere(link: str) -> None:
    assert (ROOT / link).exists()


def test_every_reason_is_named_on_the_settings_page() -> None:
    from typing import get_args

    from routellm_core.routing.decision import Reason

    settings = (ROOT / "docs/settings.md").read_text()
    assert all(f"`{reason}`" in settings for reason in get_args(Reason))


def test_it_is_short_and_leads_to_every_page() -> None:
    assert len(README.splitlines()) <= 160
    assert all(f"(docs/{page.name})" in README for page in (ROOT / "docs").glob("*.md"))


def test_every_file_of_the_map_exists() -> None:
    rows = re.findall(r"^\| (`.*?`) \|", README.split("## Where things live")[1], flags=re.MULTILINE)
    for row in rows:
        for name in re.findall(r"`([^`]+)`", row):
            folder = ROOT if not name.startswith("...") else ROOT / "core/routellm_core"
            path = folder / name.removeprefix(".../")
            assert path.exists() or (ROOT / "core/routellm_core" / name).exists(), name
