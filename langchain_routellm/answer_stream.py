"""Answer streams: a model's chunks on their way to the caller, with the record added and tokens counted."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Generator
from contextlib import aclosing, closing
from typing import cast

from langchain_core.messages import AIMessage, AIMessageChunk, message_chunk_to_message
from langchain_core.messages.ai import add_ai_message_chunks

from langchain_routellm.attempt import Attempt, with_record
from langchain_routellm.usage import StreamTokens
from routellm_core.routing.routing_counter import RoutingCounter

Chunks = Generator[AIMessageChunk, None, None]
AsyncChunks = AsyncGenerator[AIMessageChunk, None]


def forwarded(counter: RoutingCounter, attempt: Attempt) -> Chunks:
    """Yield the model's chunks, with the record on the first, so that the sum of all holds it once.

    What the call cost is known with the last chunk, which carries it into the same record of the sum.
    """
    chunks = attempt.runnable.stream(attempt.input, attempt.config, **attempt.kwargs)
    tokens = StreamTokens(counter, attempt.decision)
    with closing(cast(Chunks, chunks)) as stream, tokens:
        for index, chunk in enumerate(stream):
            yield _recorded(attempt, tokens, chunk, index)


async def aforwarded(counter: RoutingCounter, attempt: Attempt) -> AsyncChunks:
    """Yield the model's chunks, async."""
    chunks = attempt.runnable.astream(attempt.input, attempt.config, **attempt.kwargs)
    tokens = StreamTokens(counter, attempt.decision)
    async with aclosing(cast(AsyncChunks, chunks)) as stream:
        with tokens:
            index = 0
            async for chunk in stream:
                yield _recorded(attempt, tokens, chunk, index)
                index += 1


def _recorded(attempt: Attempt, tokens: StreamTokens, chunk: AIMessageChunk, index: int) -> AIMessageChunk:
    """Return a chunk with its part of the record: the first the decision, the last what the call cost."""
    tokens.add(chunk)
    record = {} if index else attempt.record
    # A model that does not stream yields one whole message, which has no position.
    if getattr(chunk, "chunk_position", "last") == "last":
        record = {**record, **tokens.money()}
    return with_record(chunk, record) if record else chunk


def whole_message(chunks: list[AIMessageChunk]) -> AIMessage:
    """Return the answer that was streamed."""
    if not chunks:
        return AIMessage("")
    if not isinstance(chunks[0], AIMessageChunk):
        # Of a model that does not stream.
        return chunks[0]
    answer = message_chunk_to_message(add_ai_message_chunks(chunks[0], *chunks[1:]))
    return cast(AIMessage, answer)


def is_token(chunk: AIMessageChunk) -> bool:
    """Return whether a chunk shows something of the answer, after which nothing is retried."""
    # A model that does not stream yields one whole message, which has calls and no chunks of them.
    calls = getattr(chunk, "tool_call_chunks", None) or chunk.tool_calls or chunk.invalid_tool_calls
    return bool(chunk.content or calls or chunk.additional_kwargs)
