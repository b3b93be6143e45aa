"""The package: its names, and what importing it loads and does."""

from __future__ import annotations

import subprocess
import sys

import pytest

pytest.importorskip("llama_index.core", reason="llama-index-core is not installed")

import llamaindex_routellm

QUIET_IMPORT = """
import sys, socket
import llama_index.core.llms, llama_index.core.prompts, llama_index.core.llms.structured_llm
opened = []
watched = ("open", "socket.connect")
sys.addaudithook(lambda name, args: opened.append((name, args)) if name in watched else None)
before = set(sys.modules)
import llamaindex_routellm
files = [str(args[0]) for name, args in opened if name == "open"]
odd = [path for path in files if path[0] != "<" and not path.endswith((".py", ".pyc", ".so"))]
assert not any(name == "socket.connect" for name, _ in opened)
# Python's own reading of modules, and nothing else.
assert not odd, odd
heavy = {"torch", "transformers", "openai", "matplotlib", "tiktoken", "langchain_core", "langchain"}
assert not heavy & set(sys.modules) - heavy & before, heavy & set(sys.modules)
"""


def test_names() -> None:
    assert llamaindex_routellm.__all__ == sorted(llamaindex_routellm.__all__)
    assert llamaindex_routellm.__all__ == ["RouteLLM", "RoutingDecisionEvent", "__version__"]
    assert all(hasattr(llamaindex_routellm, name) for name in llamaindex_routellm.__all__)


def test_importing_it_is_quiet() -> None:
    result = subprocess.run([sys.executable, "-c", QUIET_IMPORT], capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
