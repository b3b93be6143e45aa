"""A provider inside the process that speaks OpenAI's chat API, and whose one model fails in a chosen way."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator, Collection, Iterator
from typing import Any, Literal

import httpx

Fault = Literal[
    "none",
    "429",
    "500",
    "timeout",
    "disconnect",
    "empty choices",
    "malformed event",
    "cut stream",
    "content_filter",
    "refusal",
]

BEFORE_THE_FIRST_TOKEN: tuple[Fault, ...] = (
    *("429", "500", "timeout", "disconnect", "empty choices", "malformed event"),
)
"""Faults of which nobody may be shown anything, where another model answers."""

ALL_FAULTS: tuple[Fault, ...] = (*BEFORE_THE_FIRST_TOKEN, "cut stream", "content_filter", "refusal")

WORDS = ("This", " is", " the", " answer", " of", " ")


def answer_of(model: str) -> str:
    """Return what a model says where it is well; a number in the question, such as "#7", follows it."""
    return "".join(WORDS) + model


def chosen_fault(request: str) -> Fault:
    """Return the fault that a request asks for: "[timeout] What is 2+2?"."""
    return next((fault for fault in ALL_FAULTS if f"[{fault}]" in request), "none")


class FaultyProvider:
    """Answers every model alike, and some of them with a fault.

    Attributes:
        fault: what happens to calls of models that fail; None: what the request asks for.
        failing: their names.
        calls: the models that were asked, in order.
        delay: seconds that an awaited answer takes.
    """

    def __init__(
        self, fault: Fault | None = "none", failing: Collection[str] = ("gpt-4o-mini",), delay: float = 0.0
    ) -> None:
        self.fault = fault
        self.failing = frozenset(failing)
        self.calls: list[str] = []
        self.delay = delay
        self.client = httpx.Client(transport=httpx.MockTransport(self._reply))
        self.async_client = httpx.AsyncClient(transport=httpx.MockTransport(self._awaited_reply))

    async def _awaited_reply(self, request: httpx.Request) -> httpx.Response:
        if self.delay:
            await asyncio.sleep(self.delay)
        return self._reply(request)

    def _reply(self, request: httpx.Request) -> httpx.Response:
        body = json.loads(request.content)
        model, streamed = body["model"], bool(body.get("stream"))
        self.calls.append(model)
        fault: Fault = "none"
        if model in self.failing:
            fault = chosen_fault(request.content.decode()) if self.fault is None else self.fault
        if fault in ("429", "500"):
            error = {"message": f"failed; your key is {request.headers['authorization']}", "code": fault}
            return httpx.Response(int(fault), json={"error": error})
        if fault == "timeout":
            raise httpx.ReadTimeout("timed out", request=request)
        if fault == "disconnect" and not streamed:
            raise httpx.RemoteProtocolError("peer closed connection", request=request)
        named = re.findall(r"#\d+", request.content.decode())
        said = model + "".join(f" {number}" for number in named[-1:])
        return _stream(said, fault) if streamed else _whole(said, fault)


def _whole(model: str, fault: Fault) -> httpx.Response:
    if fault in ("malformed event", "cut stream"):
        return httpx.Response(
            200, content=b'{"choices": [{"mess', headers={"content-type": "application/json"}
        )
    message: dict[str, Any] = {"role": "assistant", "content": answer_of(model)}
    reason = "stop"
    if fault == "refusal":
        message |= {"content": None, "refusal": "I can't help with that."}
    elif fault == "content_filter":
        message["content"], reason = "This is", "content_filter"
    choice = {"index": 0, "message": message, "finish_reason": reason, "logprobs": None}
    usage = {"prompt_tokens": 9, "completion_tokens": 7, "total_tokens": 16}
    whole = {"id": "c1", "object": "chat.completion", "created": 1, "model": model, "usage": usage}
    return httpx.Response(200, json={**whole, "choices": [] if fault == "empty choices" else [choice]})


def _stream(model: str, fault: Fault) -> httpx.Response:
    events: list[bytes | Exception] = []
    if fault == "disconnect":
        events.append(httpx.RemoteProtocolError("peer closed connection without a complete message body"))
    elif fault == "malformed event":
        events.append(b'data: {"choices": [{"del\n\n')
    elif fault == "empty choices":
        events += [_event(model, None), b"data: [DONE]\n\n"]
    else:
        events.append(_event(model, {"role": "assistant", "content": ""}))
        events += [_event(model, {"content": word}) for word in (*WORDS, model)]
        if fault == "cut stream":
            events[4:] = [httpx.RemoteProtocolError("peer closed connection without a complete message body")]
        elif fault == "content_filter":
            events[3:] = [_event(model, {}, "content_filter")]
        elif fault == "refusal":
            events[1:] = [_event(model, {"refusal": "I can't help with that."})]
        events += [_event(model, {}, "stop"), b"data: [DONE]\n\n"]
    return httpx.Response(200, stream=_Events(events), headers={"content-type": "text/event-stream"})


def _event(model: str, delta: dict[str, Any] | None, reason: str | None = None) -> bytes:
    choices = [] if delta is None else [{"index": 0, "delta": delta, "finish_reason": reason}]
    chunk = {"id": "c1", "object": "chat.completion.chunk", "created": 1, "model": model, "choices": choices}
    return b"data: " + json.dumps(chunk).encode() + b"\n\n"


class _Events(httpx.SyncByteStream, httpx.AsyncByteStream):
    """Parts of a body, of which an exception is raised when its turn comes."""

    def __init__(self, events: list[bytes | Exception]) -> None:
        self._events = events

    def __iter__(self) -> Iterator[bytes]:
        for event in self._events:
            if isinstance(event, Exception):
                raise event
            yield event

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for event in self:
            yield event
