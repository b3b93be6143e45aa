"""Each LangChain example, run without keys against the stand-in, and one with a key."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

pytest.importorskip("langchain_openai", reason="langchain-openai is not installed")

from examples.stand_in import StandInServer

ROOT = Path(__file__).resolve().parents[2]

EXAMPLES = {
    "langchain_chain": ("langchain_core", ["reason: forced", "'reason': 'score'", "of the cost saved"]),
    "langchain_rag": ("langchain_core", ["oldest clock"]),
    "langchain_agent": ("langchain", ["Sunny and 18 degrees in Oslo", "7 workers need 9.64 days"]),
    "langchain_graph": ("langgraph", ["reason: sticky", "the one before: 1"]),
    "langchain_extraction": (
        "langchain_core",
        ["Order(item='green tea', quantity=2)", "Order(item='black tea', quantity=4)"],
    ),
    "langchain_tiers": (
        "langchain_core",
        ["mini    0.", "middle  0.", "full    0.", "of what full alone would have cost"],
    ),
    "langchain_mixed_providers": (
        "langchain_anthropic",
        ["-> weak    anthropic:claude-haiku-4-5", "-> strong  openai:gpt-4o", "2.50 hours"],
    ),
}
"""Example -> what it needs beside langchain-openai, and what it must print."""


def test_every_example_is_run_here() -> None:
    assert {path.stem for path in (ROOT / "examples").glob("langchain_*.py")} == set(EXAMPLES)


@pytest.mark.parametrize("name", EXAMPLES)
def test_runs_offline_and_takes_both_routes(run_example: Callable[[str], str], name: str) -> None:
    module, expected = EXAMPLES[name]
    pytest.importorskip(module, reason=f"{module} is not installed")

    printed = run_example(name)

    routes = [] if name == "langchain_tiers" else ["-> strong  openai:gpt-4o", "-> weak    "]
    for text in ["stand-in for OpenAI", *routes, *expected]:
        assert text in printed


def test_with_a_key_asks_that_endpoint_for_the_models_named(
    run_example: Callable[[str], str], stand_in: StandInServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-some-key")
    monkeypatch.setenv("OPENAI_BASE_URL", stand_in.openai_url)
    monkeypatch.setenv("ROUTELLM_STRONG", "gpt-strong")
    monkeypatch.setenv("ROUTELLM_WEAK", "gpt-weak")

    printed = run_example("langchain_agent")

    assert printed.startswith(f"OpenAI at {stand_in.openai_url}")
    assert stand_in.calls() == {"gpt-strong": 2, "gpt-weak": 2}
    assert stand_in.refused == []
    assert "sk-some-key" not in printed
