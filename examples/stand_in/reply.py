"""What the server sends back: one body, or the events of a stream."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any


def to_json(value: Any) -> bytes:
    """The value as compact JSON."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


@dataclass
class Reply:
    """One HTTP answer. With `events` it is a stream of server-sent events and `body` is not used.

    `latency` is waited before the first byte, `token_delay` between events, both in seconds. Status 0
    drops the connection without an answer, `drop` after the events.
    `model` is whom a disconnect is counted for.
    """

    status: int = 200
    body: bytes = b""
    events: list[bytes] | None = None
    headers: dict[str, str] = field(default_factory=dict)
    latency: float = 0.0
    token_delay: float = 0.0
    model: str = ""
    drop: bool = False

    @classmethod
    def from_json(cls, value: Any, status: int = 200) -> Reply:
        """An answer with this JSON as its body."""
        return cls(status=status, body=to_json(value))


def openai_event(value: Any) -> bytes:
    """A server-sent event without a name, as OpenAI's chat streams use."""
    return b"data: " + to_json(value) + b"\n\n"


def named_event(value: dict[str, Any]) -> bytes:
    """A server-sent event named by the value's own type, as Anthropic and OpenAI's Responses use."""
    return b"event: " + str(value["type"]).encode() + b"\ndata: " + to_json(value) + b"\n\n"
