"""The page on more than two models: its output is the example's, and its code runs."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("langchain_openai", reason="langchain-openai is not installed")

PAGE = (Path(__file__).parents[1] / "docs" / "tiers.md").read_text()


def test_its_output_is_the_examples(run_example: Callable[[str], str]) -> None:
    (shown,) = re.findall(r"```\n(mini .*?)```", PAGE, re.DOTALL)
    assert shown in run_example("langchain_tiers")


def test_its_code_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "test-key")
    made, prices = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    scope: dict[str, Any] = {}
    exec(made + prices + "llm.prices = prices\n", scope)
    assert scope["llm"].tier_names == ("nano", "mini", "full")
    assert scope["llm"].threshold is None
    for name in ("thresholds=[0.65, 0.74]", "threshold=0.7"):
        setting, _, value = name.partition("=")
        assert name in PAGE
        setattr(scope["llm"], setting, eval(value))
    assert scope["llm"].threshold == 0.7
