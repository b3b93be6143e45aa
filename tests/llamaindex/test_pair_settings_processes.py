"""One decision log under 4 processes of 64 threads each, through the adapter: no row is lost or mixed up."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("llama_index.core", reason="llama-index-core is not installed")

from tests.shared_log import check_whole, shared_log

PROGRAM = """
from llama_index.core.llms.mock import MockLLM
from llamaindex_routellm import RouteLLM

def pair(log):
    return RouteLLM(strong=MockLLM(), weak=MockLLM(), router=NumberRouter(), strong_share=0.3,
                    decision_log=log, log_text=True)

def ask(llm, prompt):
    return llm.complete(prompt).additional_kwargs["routellm"]
"""


def test_64_threads_in_each_of_4_processes_write_one_log(tmp_path: Path) -> None:
    check_whole(shared_log(PROGRAM, tmp_path), tmp_path)
