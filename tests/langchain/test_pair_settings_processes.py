"""One decision log under 4 processes of 64 threads each, through the adapter: no row is lost or mixed up."""

from __future__ import annotations

from pathlib import Path

from tests.shared_log import check_whole, shared_log

PROGRAM = """
from langchain_core.language_models import FakeListChatModel
from langchain_routellm import ChatRouteLLM

def pair(log):
    models = {side: FakeListChatModel(responses=[side]) for side in ("strong", "weak")}
    return ChatRouteLLM(**models, router=NumberRouter(), strong_share=0.3, decision_log=log, log_text=True)

def ask(llm, prompt):
    return llm.invoke(prompt).response_metadata["routellm"]
"""


def test_64_threads_in_each_of_4_processes_write_one_log(tmp_path: Path) -> None:
    check_whole(shared_log(PROGRAM, tmp_path), tmp_path)
