"""Fixtures of calls and of their logs."""

from pathlib import Path

import pytest

from tests.core.dispatched_calls import Answer, answer_async, answer_sync


@pytest.fixture(params=["decisions.jsonl", "decisions.db"])
def path(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """Where a decision log of either kind is written."""
    return tmp_path / str(request.param)


@pytest.fixture(params=[answer_sync, answer_async])
def answer(request: pytest.FixtureRequest) -> Answer:
    """How a dispatcher is asked for a whole answer."""
    chosen: Answer = request.param
    return chosen
