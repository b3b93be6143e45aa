"""The server's life: a thread of its own, started and stopped by a `with` block."""

from __future__ import annotations

import asyncio
import threading
from collections import Counter
from collections.abc import Iterable
from types import TracebackType
from typing import Any

from examples.stand_in.application import Application, RecordedRequest
from examples.stand_in.failures import Failure
from examples.stand_in.http_connection import HttpConnection, InFlight
from examples.stand_in.model import DEFAULT_MODELS, EMBEDDERS, StandInModel
from examples.stand_in.service import Service


class StandInServer:
    """OpenAI's and Anthropic's APIs on 127.0.0.1, served from a background thread.

    `models` are names or `StandInModel` objects; OpenAI's embedding models are always there. Port 0 takes
    a free one. `requests` holds every request, `disconnects` counts by model the clients that left early,
    `in_flight` tells how many answers that take time were made at once, at most.
    """

    def __init__(self, models: Iterable[StandInModel | str] = DEFAULT_MODELS, *, port: int = 0) -> None:
        chosen = [StandInModel(model) if isinstance(model, str) else model for model in models]
        self._service = Service([*EMBEDDERS, *chosen])
        self._application = Application(self._service)
        self._connections: set[HttpConnection] = set()
        self._started = threading.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stop: asyncio.Event | None = None
        self._thread: threading.Thread | None = None
        self._problem: BaseException | None = None
        self.port = port
        self.disconnects: Counter[str] = Counter()
        self.in_flight = InFlight()

    def __enter__(self) -> StandInServer:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def start(self) -> None:
        """Start serving; returns once connections are accepted."""
        if self._thread is not None:
            raise RuntimeError("the server is already running")
        self._started.clear()
        self._problem = None
        self._thread = threading.Thread(target=self._run, name="stand-in-server", daemon=True)
        self._thread.start()
        self._started.wait()
        if self._problem is not None:
            self._thread.join()
            self._thread = None
            raise self._problem

    def stop(self) -> None:
        """Stop serving, drop open connections, and wait until the thread has ended."""
        if self._thread is None or self._loop is None or self._stop is None:
            return
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join()
        self._thread = None

    @property
    def openai_url(self) -> str:
        """The base URL for OpenAI clients."""
        return f"http://127.0.0.1:{self.port}/v1"

    @property
    def anthropic_url(self) -> str:
        """The base URL for Anthropic clients."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def requests(self) -> list[RecordedRequest]:
        """Every request since the start or the last reset, in the order of arrival."""
        return self._application.requests

    @property
    def refused(self) -> list[RecordedRequest]:
        """The requests that broke a rule: scripted failures are not among them."""
        return [request for request in self.requests if request.error]

    def bodies(self, model: str) -> list[dict[str, Any]]:
        """The bodies of the requests for one model."""
        return [request.body for request in self.requests if request.body.get("model") == model]

    def calls(self) -> Counter[str]:
        """How many requests each model got, failed ones included."""
        return Counter(str(request.body["model"]) for request in self.requests if "model" in request.body)

    def fail_next(
        self,
        model: str,
        status: int,
        times: int = 1,
        *,
        after_chunks: int | None = None,
        retry_after: float | None = None,
        delay: float = 0.0,
    ) -> None:
        """Let the model's next calls fail with this HTTP status; see `Failure`."""
        self._service.failures.add(model, Failure(status, after_chunks, retry_after, delay), times)

    def delay_next(self, model: str, seconds: float, times: int = 1) -> None:
        """Let the model's next calls wait this long before the first byte."""
        self.fail_next(model, 200, times, delay=seconds)

    def reset(self) -> None:
        """Forget requests, disconnects, scripts, cached prefixes; failures are as the models say."""
        self._application.requests = []
        self.disconnects.clear()
        self.in_flight.peak = self.in_flight.now
        self._service.reset()

    def _run(self) -> None:
        try:
            asyncio.run(self._serve())
        except BaseException as problem:
            self._problem = problem
        finally:
            self._started.set()

    async def _serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._stop = asyncio.Event()
        listener = await self._loop.create_server(self._connect, "127.0.0.1", self.port, backlog=4_096)
        self.port = listener.sockets[0].getsockname()[1]
        self._started.set()
        try:
            await self._stop.wait()
        finally:
            listener.close()
            for connection in tuple(self._connections):
                connection.abort()
            # The transports close their sockets in the loop's next turns.
            while self._connections:
                await asyncio.sleep(0)
            await listener.wait_closed()

    def _connect(self) -> HttpConnection:
        return HttpConnection(self._application.handle, self._connections, self._hung_up, self.in_flight)

    def _hung_up(self, model: str) -> None:
        self.disconnects[model] += 1
