"""HTTP/1.1 over asyncio: keep-alive, fixed and chunked bodies, and notice of clients that hang up.

A `Protocol` instead of streams: a plain answer is parsed, made and written in one callback, which keeps
the server out of what the overhead benchmarks measure.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from typing import cast

from examples.stand_in.reply import Reply


@dataclass
class InFlight:
    """How many answers are being made at once: those that take time, by `latency` or as a stream."""

    now: int = 0
    peak: int = 0

    def __enter__(self) -> None:
        self.now += 1
        self.peak = max(self.peak, self.now)

    def __exit__(self, *ignored: object) -> None:
        self.now -= 1


@dataclass(frozen=True)
class HttpRequest:
    """A request as it came in; header names are in lower case."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes


class HttpConnection(asyncio.Protocol):
    """One client's connection, answering its requests in order."""

    def __init__(
        self,
        handle: Callable[[HttpRequest], Reply],
        connections: set[HttpConnection],
        hung_up: Callable[[str], None],
        in_flight: InFlight,
    ) -> None:
        self._handle = handle
        self._connections = connections
        self._hung_up = hung_up
        self._in_flight = in_flight
        self._buffer = bytearray()
        self._transport: asyncio.Transport | None = None
        self._sending: asyncio.Task[None] | None = None
        self._model = ""
        self._last = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Start listening to a client."""
        self._transport = cast(asyncio.Transport, transport)
        self._connections.add(self)

    def data_received(self, data: bytes) -> None:
        """Take bytes from the client."""
        self._buffer += data
        self._advance()

    def connection_lost(self, error: Exception | None) -> None:
        """Stop an answer in the making: the client has hung up."""
        self._connections.discard(self)
        self._transport = None
        if self._sending is not None:
            self._sending.cancel()
            self._hung_up(self._model)

    def abort(self) -> None:
        """Drop the connection from the server's side; not counted as a hang-up."""
        if self._sending is not None:
            self._sending.cancel()
            self._sending = None
        if self._transport is not None:
            self._transport.abort()

    def _advance(self) -> None:
        while self._sending is None and self._transport is not None:
            request = self._next_request()
            if request is None:
                return
            reply = self._handle(request)
            self._model = reply.model
            self._last = request.headers.get("connection", "").lower() == "close"
            if reply.latency or reply.events is not None:
                self._sending = asyncio.get_running_loop().create_task(self._send(self._transport, reply))
            else:
                _write_last(self._transport, _plain(reply))
                self._close_after_last()

    async def _send(self, transport: asyncio.Transport, reply: Reply) -> None:
        with self._in_flight:
            last = await self._send_all_but_last(transport, reply)
        # Counted out before the last bytes leave: a client that has them all never finds its answer counted.
        _write_last(transport, last)
        if reply.drop:
            # One turn of the loop, so that what was written leaves before the connection goes.
            await asyncio.sleep(0.01)
            self._sending = None
            transport.abort()
            return
        self._sending = None
        self._close_after_last()
        self._advance()

    async def _send_all_but_last(self, transport: asyncio.Transport, reply: Reply) -> bytes:
        if reply.latency:
            await asyncio.sleep(reply.latency)
        if reply.events is None:
            return _plain(reply)
        pending = _head(
            reply, b"transfer-encoding: chunked\r\ncontent-type: text/event-stream; charset=utf-8\r\n"
        )
        *earlier, last = reply.events
        for event in earlier:
            transport.write(pending + _chunk(event))
            pending = b""
            await asyncio.sleep(reply.token_delay)
        # The last event and the end of the body go out together: a client that leaves once it has the
        # last event has read everything, and is not taken for one that hung up.
        return pending + _chunk(last) + (b"" if reply.drop else b"0\r\n\r\n")

    def _close_after_last(self) -> None:
        if self._last and self._transport is not None:
            self._transport.close()
            self._transport = None

    def _next_request(self) -> HttpRequest | None:
        end = self._buffer.find(b"\r\n\r\n")
        if end < 0:
            return None
        first, *lines = self._buffer[:end].decode("latin-1").split("\r\n")
        method, target, _ = first.split(" ", 2)
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        start = end + 4
        if headers.get("transfer-encoding", "").lower() == "chunked":
            unpacked = _unchunk(self._buffer, start)
            if unpacked is None:
                return None
            body, start = unpacked
        else:
            length = int(headers.get("content-length", 0))
            if len(self._buffer) < start + length:
                return None
            body = bytes(self._buffer[start : start + length])
            start += length
        del self._buffer[:start]
        return HttpRequest(method, target.partition("?")[0], headers, body)


def _write_last(transport: asyncio.Transport, data: bytes) -> None:
    """Write the end of an answer; no bytes at all stand for a connection that breaks."""
    if data:
        transport.write(data)
    else:
        transport.abort()


def _plain(reply: Reply) -> bytes:
    if reply.status == 0:
        return b""
    length = b"content-length: %d\r\ncontent-type: application/json\r\n" % len(reply.body)
    return _head(reply, length) + reply.body


def _head(reply: Reply, framing: bytes) -> bytes:
    phrase = HTTPStatus(reply.status).phrase if reply.status in _STATUSES else "Error"
    extra = "".join(f"{name}: {value}\r\n" for name, value in reply.headers.items())
    return f"HTTP/1.1 {reply.status} {phrase}\r\n{extra}".encode("latin-1") + framing + b"\r\n"


_STATUSES = {int(status) for status in HTTPStatus}


def _chunk(data: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(data), data)


def _unchunk(buffer: bytearray, start: int) -> tuple[bytes, int] | None:
    body = bytearray()
    while (end := buffer.find(b"\r\n", start)) >= 0:
        size = int(buffer[start:end].split(b";")[0], 16)
        start = end + 2
        if len(buffer) < start + size + 2:
            return None
        body += buffer[start : start + size]
        start += size + 2
        if size == 0:
            return bytes(body), start
    return None
