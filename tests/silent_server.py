"""A server that takes every connection and never answers."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def silent_server() -> Iterator[str]:
    """Its address, as a base URL of OpenAI's API."""
    with socket.create_server(("127.0.0.1", 0), backlog=100) as listening:
        # the system accepts connections for it; nobody reads them
        yield f"http://127.0.0.1:{listening.getsockname()[1]}/v1"
