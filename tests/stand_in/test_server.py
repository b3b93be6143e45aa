"""The stand-in server under failure, hang-ups and load, and what is left when it stops."""

import asyncio
import json
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest

from examples.stand_in import StandInModel, StandInServer

openai = pytest.importorskip("openai")


@pytest.fixture
def client(stand_in: StandInServer) -> Iterator[Any]:
    with openai.OpenAI(base_url=stand_in.openai_url, api_key="key", max_retries=0) as client:
        yield client


def ask(client: Any, text: str = "Tell me about cats", model: str = "gpt-strong", **settings: Any) -> Any:
    return client.chat.completions.create(
        model=model, messages=[{"role": "user", "content": text}], **settings
    )


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (429, "RateLimitError"),
        (500, "InternalServerError"),
        (503, "InternalServerError"),
        (0, "APIConnectionError"),
    ],
)
def test_failures_to_order(client: Any, stand_in: StandInServer, status: int, error: str) -> None:
    stand_in.fail_next("gpt-strong", status, times=2, retry_after=7)
    for _ in range(2):
        with pytest.raises(getattr(openai, error)) as caught:
            ask(client)
        if status:
            assert caught.value.response.headers["retry-after"] == "7"
    assert ask(client, model="gpt-weak")
    assert ask(client)
    assert stand_in.refused == []


async def test_answers_made_at_once_are_counted() -> None:
    with StandInServer([StandInModel("gpt-slow", latency=0.2)]) as server:
        async with openai.AsyncOpenAI(base_url=server.openai_url, api_key="key", max_retries=0) as client:
            for count in (1, 5, 2):
                await asyncio.gather(*(ask(client, model="gpt-slow") for _ in range(count)))
        assert (server.in_flight.now, server.in_flight.peak) == (0, 5)
        server.reset()
        assert server.in_flight.peak == 0


def test_a_model_that_fails_from_the_start() -> None:
    with (
        StandInServer([StandInModel("gpt-bad", fail_with=(500, 1))]) as server,
        openai.OpenAI(base_url=server.openai_url, api_key="key", max_retries=0) as client,
    ):
        with pytest.raises(openai.InternalServerError):
            ask(client, model="gpt-bad")
        assert ask(client, model="gpt-bad")
        server.reset()
        with pytest.raises(openai.InternalServerError):
            ask(client, model="gpt-bad")


@pytest.mark.parametrize("status", [500, 0])
def test_a_stream_breaks_in_the_middle(client: Any, stand_in: StandInServer, status: int) -> None:
    stand_in.fail_next("gpt-strong", status, after_chunks=3)
    seen = []
    # A broken connection reaches the caller as an error of the HTTP library, an error event as an APIError.
    with pytest.raises(
        Exception, match=r"server had an error|incomplete|peer closed|disconnected|Connection error"
    ):
        seen.extend(ask(client, stream=True))
    assert len(seen) == 3


def test_a_delay_becomes_a_timeout(client: Any, stand_in: StandInServer) -> None:
    stand_in.delay_next("gpt-strong", 5)
    with pytest.raises(openai.APITimeoutError):
        ask(client, timeout=0.1)
    wait_for(lambda: stand_in.disconnects["gpt-strong"] == 1)


def test_a_client_that_leaves_a_stream_is_noticed() -> None:
    with (
        StandInServer([StandInModel("gpt-slow", token_delay=0.05)]) as server,
        openai.OpenAI(base_url=server.openai_url, api_key="key") as client,
    ):
        for _ in ask(client, model="gpt-slow", stream=True):
            pass
        assert server.disconnects["gpt-slow"] == 0
        stream = ask(client, model="gpt-slow", stream=True)
        next(iter(stream))
        stream.close()
        wait_for(lambda: server.disconnects["gpt-slow"] == 1)


async def test_a_thousand_calls_at_once_each_get_their_own_answer(stand_in: StandInServer) -> None:
    async def call(number: int) -> str:
        body = json.dumps(
            {"model": "gpt-weak", "messages": [{"role": "user", "content": f"number {number}"}]}
        )
        head = "POST /v1/chat/completions HTTP/1.1\r\nauthorization: Bearer k\r\n"
        head += f"content-length: {len(body)}\r\n"
        reader, writer = await asyncio.open_connection("127.0.0.1", stand_in.port)
        writer.write(f"{head}connection: close\r\n\r\n{body}".encode())
        answer = await reader.readuntil(b"\r\n\r\n")
        length = next(line for line in answer.split(b"\r\n") if line.startswith(b"content-length"))
        value = json.loads(await reader.readexactly(int(length.split()[1])))
        assert await reader.read() == b""  # the server closes, as it was asked to
        writer.close()
        await writer.wait_closed()
        return str(value["choices"][0]["message"]["content"])

    answers = await asyncio.gather(*(call(number) for number in range(1000)))
    assert answers == [f"[gpt-weak] In short: number {number}" for number in range(1000)]


def test_nothing_is_left_when_the_server_stops() -> None:
    server = StandInServer(["gpt-a"])
    before = threading.active_count()
    for _ in range(2):
        server.start()
        with openai.OpenAI(base_url=server.openai_url, api_key="key") as client:
            assert ask(client, model="gpt-a")
            server.stop()
        assert threading.active_count() == before
        server.port = 0
    with StandInServer(["gpt-a"]) as other, pytest.raises(OSError, match="in use"):
        StandInServer(["gpt-a"], port=other.port).start()


def wait_for(condition: Any) -> None:
    end = time.monotonic() + 5
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.01)
