"""RoutedEvents: LangChain's v3 stream of an answer, whichever side answers in the end.

The chosen model's own stream makes the run; its events pass through core's dispatcher, which asks the other
side where the first fails before its first token, into the stream that the caller holds.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Callable, Generator, Mapping
from typing import Any, cast

from langchain_core.language_models import BaseChatModel
from langchain_core.language_models.chat_model_stream import AsyncChatModelStream, ChatModelStream
from langchain_core.messages import AIMessage
from typing_extensions import override

from langchain_routellm.attempt import Attempt
from langchain_routellm.usage import usage_of
from routellm_core import Decision
from routellm_core.routing.routing_counter import RoutingCounter

Event = Mapping[str, Any]


class RoutedEvents(ChatModelStream):
    """A sync v3 stream.

    Args:
        events: makes the events of the call, given this stream; nothing is asked before they are read.
    """

    def __init__(self, events: Callable[[ChatModelStream], Generator[Event, None, None]]) -> None:
        super().__init__()
        self._routed = events(self)
        self.set_request_more(self._pass_one)

    def _pass_one(self) -> bool:
        try:
            event = next(self._routed)
            if _is_last(event):
                # The reader has gone, and the call has to end.
                deque(self._routed, maxlen=0)
        except StopIteration:
            return False
        except BaseException as error:
            self.fail(error)
            return False
        self.dispatch(event)
        return True


class AsyncRoutedEvents(AsyncChatModelStream):
    """The same, async; closing it closes the chosen model's stream."""

    def __init__(self, events: Callable[[AsyncRoutedEvents], AsyncGenerator[Event, None]]) -> None:
        super().__init__()
        self.inner: AsyncChatModelStream | None = None
        # Its text and its tool calls may be read at the same time.
        self._one_at_a_time = asyncio.Lock()
        self._routed = events(self)
        self.set_arequest_more(self._pass_one)

    async def _pass_one(self) -> bool:
        async with self._one_at_a_time:
            try:
                event = await anext(self._routed)
                if _is_last(event):
                    await anext(self._routed, None)
            except StopAsyncIteration:
                return False
            except BaseException as error:
                # The reader of the stream raises it, a cancellation too.
                self.fail(error)
                return False
            self.dispatch(event)
            return True

    @override
    async def aclose(self) -> None:
        if self.inner is not None:
            # Ends the reader's wait.
            await self.inner.aclose()
        async with self._one_at_a_time:
            await self._routed.aclose()
        if not self.done:
            self.fail(asyncio.CancelledError())


def passed_on(
    counter: RoutingCounter, routed: ChatModelStream, attempt: Attempt
) -> Generator[Event, None, None]:
    """Yield the events of the chosen model's stream for the caller's, with the decision in the last one."""
    # A binding of a model passes the method on, though its class does not declare it.
    model = cast(BaseChatModel, attempt.runnable)
    stream = model.stream_events(attempt.input, attempt.config, version="v3", **attempt.kwargs)
    for event in stream:
        _take_message_id(routed, stream)
        yield _recorded(event, attempt.decision, counter)


async def apassed_on(
    counter: RoutingCounter, routed: AsyncRoutedEvents, attempt: Attempt
) -> AsyncGenerator[Event, None]:
    """Yield the same, async."""
    model = cast(BaseChatModel, attempt.runnable)
    opening = model.astream_events(attempt.input, attempt.config, version="v3", **attempt.kwargs)
    async with await opening as stream:
        routed.inner = stream
        async for event in stream:
            _take_message_id(routed, stream)
            if _is_last(event):
                # Once the caller has the answer, the run has ended, callbacks and all.
                await stream
            yield _recorded(event, attempt.decision, counter)


def holds_token(event: Event) -> bool:
    """Return whether an event shows something of the answer, after which nothing is retried."""
    return str(event["event"]) != "message-start"


def whole_answer(events: list[Event]) -> AIMessage:
    """Return the answer whose events these are."""
    stream = ChatModelStream()
    for event in events:
        stream.dispatch(cast(Any, event))
    return stream.output


def _take_message_id(
    routed: ChatModelStream | AsyncChatModelStream, stream: ChatModelStream | AsyncChatModelStream
) -> None:
    if stream.message_id:
        routed.set_message_id(stream.message_id)


def _recorded(event: Event, decision: Decision, counter: RoutingCounter) -> Event:
    """Put the decision into the event that ends a message, and count the message's tokens."""
    if not _is_last(event):
        return event
    counter.count_tokens(decision, usage_of(event.get("usage")))
    record = decision.completed_record()
    if decision.account is not None:
        decision.account.complete_record()
    return {**event, "metadata": {**(event.get("metadata") or {}), "routellm": record}}


def _is_last(event: Event) -> bool:
    return str(event["event"]) == "message-finish"
