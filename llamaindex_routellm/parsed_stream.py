"""Parsed streams: growing objects, held until the last one shows whether the answer fits its schema.

The host raises nothing where it does not fit: it returns a looser object instead of one of the requested
class. A stream is only held if another model may answer then.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Generator

from pydantic import BaseModel

from llamaindex_routellm.attempt import Attempt
from llamaindex_routellm.routed_call import StructuredCall
from routellm_core.routing.dispatcher import Dispatcher
from routellm_core.routing.escalation import UnparsedAnswerError

Chunks = Generator[object, None, None]
AsyncChunks = AsyncGenerator[object, None]


def parsed(attempt: Attempt, chunks: Chunks, dispatcher: Dispatcher) -> Chunks:
    """Return a stream that fails before its first chunk if another model is to parse the answer better.

    The failure is an UnparsedAnswerError: the last object is not of the requested class, or the host could
    not read it.
    """
    output_cls = _judged_class(attempt, dispatcher)
    return chunks if output_cls is None else _held(attempt, chunks, output_cls)


def aparsed(attempt: Attempt, chunks: AsyncChunks, dispatcher: Dispatcher) -> AsyncChunks:
    """Return such a stream, async."""
    output_cls = _judged_class(attempt, dispatcher)
    return chunks if output_cls is None else _aheld(attempt, chunks, output_cls)


def _judged_class(attempt: Attempt, dispatcher: Dispatcher) -> type[BaseModel] | None:
    """Return the class that the answer has to fit; None if no other model is asked when it does not."""
    call = attempt.call
    if not isinstance(call, StructuredCall) or dispatcher.shadow:
        return None
    return call.output_cls if dispatcher.escalation.parses(attempt.decision) else None


def _held(attempt: Attempt, chunks: Chunks, output_cls: type[BaseModel]) -> Chunks:
    held: list[object] = []
    try:
        held.extend(chunks)
    except (TypeError, ValueError) as error:
        raise UnparsedAnswerError(None, error, attempt.usage) from error
    _check(attempt, held, output_cls)
    yield from held


async def _aheld(attempt: Attempt, chunks: AsyncChunks, output_cls: type[BaseModel]) -> AsyncChunks:
    held: list[object] = []
    try:
        async for chunk in chunks:
            held.append(chunk)
    except (TypeError, ValueError) as error:
        raise UnparsedAnswerError(None, error, attempt.usage) from error
    _check(attempt, held, output_cls)
    for chunk in held:
        yield chunk


def _check(attempt: Attempt, held: list[object], output_cls: type[BaseModel]) -> None:
    last = held[-1] if held else None
    objects: list[object] = last if isinstance(last, list) and last else [last]
    if not all(isinstance(each, output_cls) for each in objects):
        raise UnparsedAnswerError(None, None, attempt.usage)
