"""Streams of the dispatcher: what is held back, when the other side is asked, what is closed."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Generator, Mapping
from typing import Any

import pytest

from routellm_core import Decision, RoutingPolicy
from routellm_core.routing.decision import Route
from routellm_core.routing.dispatcher import Dispatcher
from routellm_core.routing.escalation import Escalation

from tests.routers import FixedRouter

WEAK = Decision("weak", 0.25, 0.5, "score", "random")


class BusyError(Exception):
    pass


class Models:
    """Streams the chunks that it holds for a side, raises those that are errors, writes down what happens."""

    def __init__(self, chunks: Mapping[Route, list[Any]]) -> None:
        self.chunks = chunks
        self.events: list[str] = []
        self._streams: list[object] = []

    def stream(self, decision: Decision) -> Generator[str, None, None]:
        stream = self._stream(decision)
        # Held, so that only closing it closes it, and not the end of the last reference to it.
        self._streams.append(stream)
        return stream

    def _stream(self, decision: Decision) -> Generator[str, None, None]:
        self.events.append(f"{decision.route} asked, {decision.reason}")
        try:
            for chunk in self.chunks[decision.route]:
                if isinstance(chunk, BaseException):
                    raise chunk
                self.events.append(f"made {chunk}")
                yield chunk
        finally:
            self.events.append(f"{decision.route} closed")

    async def astream(self, decision: Decision) -> AsyncGenerator[str, None]:
        chunks = self.stream(decision)
        try:
            for chunk in chunks:
                await asyncio.sleep(0)
                yield chunk
        finally:
            chunks.close()


def is_token(chunk: str) -> bool:
    return not chunk.startswith("head")


def dispatcher() -> Dispatcher:
    escalation = Escalation.from_settings(escalate_on=BusyError, escalate_strong_on=BusyError)
    return Dispatcher(RoutingPolicy(FixedRouter(0.25), 0.5), escalation=escalation)


Read = Callable[[Dispatcher, Models, int | None], list[str]]


def read_sync(it: Dispatcher, models: Models, limit: int | None) -> list[str]:
    """Read a weak call's stream to its end, or close it after some chunks; an error ends the list."""
    read: list[str] = []
    stream = it.stream(WEAK, models.stream, is_token)
    try:
        while limit is None or len(read) < limit:
            read.append(next(stream))
            models.events.append(f"read {read[-1]}")
    except StopIteration:
        pass
    except BusyError as error:
        read.append(f"error {error}")
    stream.close()
    return read


def read_async(it: Dispatcher, models: Models, limit: int | None) -> list[str]:
    async def scenario() -> list[str]:
        read: list[str] = []
        stream = it.astream(WEAK, models.astream, is_token)
        try:
            while limit is None or len(read) < limit:
                read.append(await anext(stream))
                models.events.append(f"read {read[-1]}")
        except StopAsyncIteration:
            pass
        except BusyError as error:
            read.append(f"error {error}")
        await stream.aclose()
        # Here, and not when the loop shuts its generators down.
        models.events.append("end")
        return read

    return asyncio.run(scenario())


@pytest.fixture(params=[read_sync, read_async])
def read(request: pytest.FixtureRequest) -> Read:
    chosen: Read = request.param
    return chosen


def test_chunks_come_as_they_are_made_once_there_was_a_token(read: Read) -> None:
    it, models = dispatcher(), Models({"weak": ["head", "a", "b", "head2", "c"]})

    assert read(it, models, None) == ["head", "a", "b", "head2", "c"]
    assert models.events[:8] == [
        "weak asked, score",
        "made head",
        "made a",
        "read head",
        "read a",
        "made b",
        "read b",
        "made head2",
    ]
    assert it.counter.snapshot().escalations == 0


@pytest.mark.parametrize("leading", [[], ["head"], ["head", "head2"]])
def test_an_error_before_the_first_token_asks_strong_and_drops_what_was_held(
    read: Read, leading: list[str]
) -> None:
    it, models = dispatcher(), Models({"weak": [*leading, BusyError()], "strong": ["head of strong", "A"]})

    assert read(it, models, None) == ["head of strong", "A"]
    assert models.events.index("weak closed") < models.events.index("strong asked, escalated")
    stats = it.counter.snapshot()
    assert (stats.escalations, stats.weak.calls, stats.strong.calls) == (1, 0, 1)


def test_an_error_after_the_first_token_is_not_retried(read: Read) -> None:
    it, models = dispatcher(), Models({"weak": ["head", "a", BusyError("late")], "strong": ["A"]})

    assert read(it, models, None) == ["head", "a", "error late"]
    assert "strong asked, escalated" not in models.events
    assert it.counter.snapshot().escalations == 0


def test_a_stream_escalates_once_only(read: Read) -> None:
    it, models = dispatcher(), Models({"weak": [BusyError("1")], "strong": ["head", BusyError("2")]})

    assert read(it, models, None) == ["head", "error 2"], "what was held comes before the error that stands"
    assert [event for event in models.events if "asked" in event] == [
        "weak asked, score",
        "strong asked, escalated",
    ]


def test_other_errors_come_unchanged_after_what_was_held() -> None:
    error = KeyError()
    it, models = dispatcher(), Models({"weak": ["head", error]})
    stream = it.stream(WEAK, models.stream, is_token)

    assert next(stream) == "head"
    with pytest.raises(KeyError) as caught:
        next(stream)
    assert caught.value is error


async def test_other_errors_come_unchanged_after_what_was_held_async() -> None:
    error = KeyError()
    it, models = dispatcher(), Models({"weak": ["head", error]})
    stream = it.astream(WEAK, models.astream, is_token)

    assert await anext(stream) == "head"
    with pytest.raises(KeyError) as caught:
        await anext(stream)
    assert caught.value is error


@pytest.mark.parametrize("chunks", [[], ["head"], ["head", "head2"]])
def test_a_stream_without_tokens_still_gives_its_chunks(read: Read, chunks: list[str]) -> None:
    assert read(dispatcher(), Models({"weak": chunks}), None) == chunks


@pytest.mark.parametrize("limit", [1, 2, 3])
def test_closing_early_closes_the_models_stream(read: Read, limit: int) -> None:
    it, models = dispatcher(), Models({"weak": ["head", "a", "b", "c"]})

    assert read(it, models, limit) == ["head", "a", "b"][:limit]
    assert "made c" not in models.events
    assert [event for event in models.events if event != "end"][-1] == "weak closed"
    assert models.events[-1] == ("end" if read is read_async else "weak closed")


def test_nothing_is_asked_before_the_first_chunk_is_wanted() -> None:
    models = Models({"weak": ["a"]})
    stream = dispatcher().stream(WEAK, models.stream, is_token)

    assert models.events == []
    stream.close()
    assert models.events == []


async def test_cancelling_a_reader_closes_the_models_stream_and_asks_nobody_else() -> None:
    models = Models({"weak": ["head", asyncio.CancelledError()], "strong": ["A"]})
    stream = dispatcher().astream(WEAK, models.astream, is_token)

    with pytest.raises(asyncio.CancelledError):
        await anext(stream)
    assert models.events == ["weak asked, score", "made head", "weak closed"]
