"""Answer streams: a model's stream on its way to the caller, with records added and tokens counted."""

from __future__ import annotations

import sys
from collections.abc import (
    AsyncGenerator,
    AsyncIterable,
    Awaitable,
    Callable,
    Generator,
    Iterable,
    Iterator,
    Sequence,
)
from contextlib import aclosing, closing, contextmanager
from typing import TypeVar, cast

from llama_index.core.base.llms.types import ChatResponse, CompletionResponse, ToolCallBlock
from llama_index.core.instrumentation.span import active_span_id

from llamaindex_routellm.answered import Answered
from llamaindex_routellm.attempt import Attempt
from llamaindex_routellm.decision_event import announce_cost
from routellm_core.routing.routing_counter import RoutingCounter

A = TypeVar("A")

_IN_PIECES = ("stream", "astream")


def forwarded(
    attempt: Attempt, stream: Iterable[object], counter: RoutingCounter
) -> Generator[object, None, None]:
    """Yield a stream's chunks; closing this one closes the model's."""
    steps, begun = iter(stream), False
    try:
        while True:
            try:
                with attempt:
                    step = next(steps)
            except StopIteration:
                return
            except Exception as error:
                if begun or not attempt.is_to_repeat(error):
                    raise
                with attempt:
                    stream = cast("Iterable[object]", attempt.start())
                steps = iter(stream)
                continue
            if not begun:
                attempt.begun()
                begun = True
            yield attempt.chunk(step)
    finally:
        if hasattr(stream, "close"):
            stream.close()
        if attempt.usage or not isinstance(sys.exception(), Exception):
            _count(attempt, counter)


async def aforwarded(
    attempt: Attempt, stream: AsyncIterable[object], counter: RoutingCounter
) -> AsyncGenerator[object, None]:
    """Yield a stream's chunks, async."""
    steps, begun = aiter(stream), False
    try:
        while True:
            try:
                with attempt:
                    step = await anext(steps)
            except StopAsyncIteration:
                return
            except Exception as error:
                if begun or not attempt.is_to_repeat(error):
                    raise
                with attempt:
                    stream = await cast("Awaitable[AsyncIterable[object]]", attempt.start())
                steps = aiter(stream)
                continue
            if not begun:
                attempt.begun()
                begun = True
            yield attempt.chunk(step)
    finally:
        if hasattr(stream, "aclose"):
            await stream.aclose()
        if attempt.usage or not isinstance(sys.exception(), Exception):
            _count(attempt, counter)


def _count(attempt: Attempt, counter: RoutingCounter) -> None:
    """Count the tokens, and complete the record, which all responses of the stream have in common."""
    counter.count_tokens(attempt.decision, attempt.usage or None)
    if attempt.decision.account is not None:
        attempt.decision.account.complete_record()
        announce_cost(attempt.decision, attempt.call.method, attempt.span)


def then(stream: Generator[A, None, None], do: Callable[[list[A]], None]) -> Generator[A, None, None]:
    """Yield a stream's chunks, and do something with all of them where they were read to the end."""
    chunks = []
    with closing(stream):
        for chunk in stream:
            chunks.append(chunk)
            yield chunk
    do(chunks)


async def athen(stream: AsyncGenerator[A, None], do: Callable[[list[A]], None]) -> AsyncGenerator[A, None]:
    """Do the same, async."""
    chunks = []
    async with aclosing(stream):
        async for chunk in stream:
            chunks.append(chunk)
            yield chunk
    do(chunks)


def failed(error: Exception) -> Generator[object, None, None]:
    """Return a stream that fails before its first chunk."""
    raise error
    yield


async def afailed(error: Exception) -> AsyncGenerator[object, None]:
    """Return such a stream, async."""
    raise error
    yield


def is_token(chunk: object) -> bool:
    """Return whether a chunk brings something of the answer; only before that may a model be replaced."""
    if isinstance(chunk, ChatResponse):
        blocks = chunk.message.blocks
        return bool(chunk.delta or chunk.message.content) or any(isinstance(b, ToolCallBlock) for b in blocks)
    if isinstance(chunk, CompletionResponse):
        return bool(chunk.delta or chunk.text)
    return not isinstance(chunk, str) or bool(chunk)


def whole_answer(asked: Sequence[Attempt], chunks: Sequence[object]) -> Answered:
    """Return what the latest of the attempts has streamed, as the method that does not stream returns it.

    Responses and objects grow from chunk to chunk, and the last one holds all; texts come in pieces.
    """
    latest = asked[-1]
    if latest.call.method in _IN_PIECES:
        return Answered("".join(map(str, chunks)), latest.usage)
    return Answered(chunks[-1] if chunks else None, latest.usage)


@contextmanager
def within_span(span_id: str | None) -> Iterator[None]:
    """Let spans opened in the block be children of a span that was left already, as a stream's is."""
    before = active_span_id.get()
    active_span_id.set(span_id)
    try:
        yield
    finally:
        active_span_id.set(before)
