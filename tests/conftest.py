"""Fixtures for all tests."""

from collections.abc import Iterator

import pytest

from examples.stand_in import StandInServer


@pytest.fixture
def stand_in() -> Iterator[StandInServer]:
    """OpenAI's and Anthropic's APIs on this machine, with the default models, fresh for each test."""
    with StandInServer() as server:
        yield server
