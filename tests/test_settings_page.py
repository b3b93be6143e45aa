"""docs/settings.md: its table is what the classes take, and its Python runs."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("langchain_openai", reason="langchain-openai is not installed")

from langchain_routellm import ChatRouteLLM
from langchain_routellm.pair_fields import PairFields

from examples.stand_in import StandInServer

ROOT = Path(__file__).parent.parent
PAGE = (ROOT / "docs/settings.md").read_text()
ROWS = {
    name: cells.split(" | ")
    for name, cells in re.findall(r"^\| `(\w+)` \| (.*) \|$", PAGE.partition("\n## ")[0], flags=re.MULTILINE)
}


def check(fields: dict[str, Any], column: int) -> None:
    assert {name for name, cells in ROWS.items() if cells[column] == "yes"} == set(fields)
    for name, field in fields.items():
        default = "required" if field.is_required() else f"`{field.get_default()!r}`"
        assert (name, ROWS[name][1]) == (name, default)


def test_the_table_is_what_the_langchain_class_takes() -> None:
    own = PairFields.__annotations__
    check({name: field for name, field in ChatRouteLLM.model_fields.items() if name in own}, 2)


def test_the_table_is_what_the_llamaindex_class_takes() -> None:
    pytest.importorskip("llama_index.core", reason="llama-index is not installed")
    from llamaindex_routellm import RouteLLM
    from llamaindex_routellm.pair_fields import PairFields as LlamaIndexFields

    own = LlamaIndexFields.__annotations__
    check({name: field for name, field in RouteLLM.model_fields.items() if name in own}, 3)


def test_its_python_runs(
    stand_in: StandInServer, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "test-key")
    monkeypatch.setenv("OPENAI_API_BASE", stand_in.openai_url)
    (snippet,) = re.findall(r"```python\n(.*?)```", PAGE, flags=re.DOTALL)
    scope: dict[str, Any] = {}
    exec(compile(snippet, "settings.md", "exec"), scope)
    assert capsys.readouterr().out in ("weak\n", "strong\n")
    assert scope["llm"].route("What is 2+2?").route == "strong"
    assert len(scope["answers"]) == 2


@pytest.mark.parametrize("link", re.findall(r"\]\((?!http)([^)#]+)\)", PAGE))
def test_links_lead_somewhere(link: str) -> None:
    assert (ROOT / "docs" / link).exists()
