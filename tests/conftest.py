"""Fixtures for all tests."""

import os
import runpy
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from examples.stand_in import StandInServer


@pytest.fixture
def stand_in() -> Iterator[StandInServer]:
    """OpenAI's and Anthropic's APIs on this machine, with the default models, fresh for each test."""
    with StandInServer() as server:
        yield server


@pytest.fixture(scope="session")
def data_folder() -> Path:
    """The folder of real data; without it, the tests that need it are skipped by name."""
    folder = os.environ.get("ROUTELLM_DATA")
    if not folder:
        pytest.skip("ROUTELLM_DATA is not set: this test needs the folder of real data")
    return Path(folder)


@pytest.fixture
def run_example(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Callable[[str], str]:
    """Run `python -m examples.NAME` in this process, without the caller's keys; return what it prints."""
    theirs = (
        "OPENAI_",
        "ANTHROPIC_",
        "ROUTELLM_STRONG",
        "ROUTELLM_WEAK",
        "LANGCHAIN_",
        "LANGSMITH_",
        "LOCAL_",
    )
    for key in [*os.environ]:
        if key.startswith(theirs):
            monkeypatch.delenv(key)

    def run(name: str) -> str:
        runpy.run_module(f"examples.{name}", run_name="__main__")
        printed, warned = capsys.readouterr()
        assert warned == ""
        return printed

    return run
