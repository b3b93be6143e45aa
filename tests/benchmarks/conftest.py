"""A provider in its own process, so that its work is not measured as ours."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator

import pytest


@pytest.fixture(scope="session")
def provider_url() -> Iterator[str]:
    """The OpenAI base URL of a stand-in server in a process of its own."""
    command = [sys.executable, "-m", "examples.stand_in", "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            line = process.stdout.readline()
            yield next(word for word in line.split() if word.startswith("http")).rstrip("/")
        finally:
            process.terminate()
