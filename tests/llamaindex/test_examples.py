"""Each LlamaIndex example, run without keys against the stand-in, and one with a key."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

pytest.importorskip("llama_index.core", reason="llama-index-core is not installed")
pytest.importorskip("llama_index.llms.openai", reason="llama-index-llms-openai is not installed")

from examples.stand_in import StandInServer

# The models' HTTP clients and the agents' own ways are upstream's.
pytestmark = [
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]

ROOT = Path(__file__).resolve().parents[2]

EXAMPLES = {
    "llamaindex_query_engine": ("llama_index.core", ["What is a threshold?", "given from outside"]),
    "llamaindex_chat_engine": ("llama_index.core", ["Thanks!", "strong share"]),
    "llamaindex_function_agent": (
        "llama_index.core",
        ["Sunny and 18 degrees in Oslo", "7 workers need 9.64 days"],
    ),
    "llamaindex_react_agent": (
        "llama_index.core",
        ["Sunny and 18 degrees in Oslo", "7 workers need 9.64 days"],
    ),
    "llamaindex_structured_extraction": (
        "llama_index.core",
        ["Order(item='green tea', quantity=2)", "Order(item='black tea', quantity=4)"],
    ),
    "llamaindex_local_weak_model": (
        "llama_index.llms.openai_like",
        ["-> weak    llama-3.2-3b-instruct", "reason: context_window", "reason: tools"],
    ),
}
"""Example -> what it needs beside llama-index-llms-openai, and what it must print."""


def test_every_example_is_run_here() -> None:
    assert {path.stem for path in (ROOT / "examples").glob("llamaindex_*.py")} == set(EXAMPLES)


@pytest.mark.parametrize("name", EXAMPLES)
def test_runs_offline_and_takes_both_routes(run_example: Callable[[str], str], name: str) -> None:
    module, expected = EXAMPLES[name]
    pytest.importorskip(module, reason=f"{module} is not installed")
    printed = run_example(name)
    for text in ["stand-in for OpenAI", "-> strong  gpt-4o", "-> weak    ", *expected]:
        assert text in printed


def test_with_a_key_asks_that_endpoint_for_the_models_named(
    run_example: Callable[[str], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with StandInServer(["gpt-4.1", "gpt-4.1-mini"]) as server:
        monkeypatch.setenv("OPENAI_API_KEY", "sk-some-key")
        monkeypatch.setenv("OPENAI_BASE_URL", server.openai_url)
        monkeypatch.setenv("ROUTELLM_STRONG", "gpt-4.1")
        monkeypatch.setenv("ROUTELLM_WEAK", "gpt-4.1-mini")
        printed = run_example("llamaindex_query_engine")
        assert printed.startswith(f"OpenAI at {server.openai_url}")
        assert set(server.calls()) == {"gpt-4.1", "gpt-4.1-mini"}
        assert server.refused == []
        assert "sk-some-key" not in printed
