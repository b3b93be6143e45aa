"""RoutedEvents: LangChain's v3 stream of an answer, whichever side gives it in the end.

The chosen model's own stream makes the run; its events pass through core's dispatcher, which asks the other
side where the first fails before its first token, into the stream that the caller holds.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator, Mapping
from typing import Any

from langchain_core.language_models.chat_model_stream import AsyncChatModelStream, ChatModelStream
from typing_extensions import override

from langchain_routellm.usage import usage_of
from routellm_core import Decision
from routellm_core.dispatcher import Dispatcher

Event = Mapping[str, Any]


class RoutedEvents(ChatModelStream):
    """A sync v3 stream.

    Args:
        dispatcher: asks the other side where it has to.
        decision: the first one.
        open_stream: opens the v3 stream of a decision's model.
    """

    def __init__(
        self,
        dispatcher: Dispatcher,
        decision: Decision,
        open_stream: Callable[[Decision], ChatModelStream],
    ) -> None:
        super().__init__()

        def ask(decision: Decision) -> Generator[Event, None, None]:
            stream = open_stream(decision)
            for event in stream:
                _take_message_id(self, stream)
                yield _recorded(event, decision, dispatcher)

        self._routed = dispatcher.stream(decision, ask, _is_token)
        self.set_request_more(self._pass_one)

    def _pass_one(self) -> bool:
        try:
            event = next(self._routed)
        except StopIteration:
            return False
        except BaseException as error:
            self.fail(error)
            return False
        self.dispatch(event)
        return True


class AsyncRoutedEvents(AsyncChatModelStream):
    """The same, async; closing it closes the chosen model's stream."""

    def __init__(
        self,
        dispatcher: Dispatcher,
        decision: Decision,
        open_stream: Callable[[Decision], Awaitable[AsyncChatModelStream]],
    ) -> None:
        super().__init__()
        # Its text and its tool calls may be read at the same time.
        self._one_at_a_time = asyncio.Lock()

        async def ask(decision: Decision) -> AsyncGenerator[Event, None]:
            async with await open_stream(decision) as stream:
                async for event in stream:
                    _take_message_id(self, stream)
                    if event["event"] == "message-finish":
                        # Once the caller has the answer, the run has ended, callbacks and all.
                        await stream
                    yield _recorded(event, decision, dispatcher)

        self._routed = dispatcher.astream(decision, ask, _is_token)
        self.set_arequest_more(self._pass_one)

    async def _pass_one(self) -> bool:
        async with self._one_at_a_time:
            try:
                event = await anext(self._routed)
            except StopAsyncIteration:
                return False
            except BaseException as error:
                # Whoever reads the stream raises it, a cancellation too.
                self.fail(error)
                return False
            self.dispatch(event)
            return True

    @override
    async def aclose(self) -> None:
        async with self._one_at_a_time:
            await self._routed.aclose()
        if not self.done:
            self.fail(asyncio.CancelledError())


def _take_message_id(routed: ChatModelStream | AsyncChatModelStream, stream: Any) -> None:
    if stream.message_id:
        routed.set_message_id(stream.message_id)


def _recorded(event: Event, decision: Decision, dispatcher: Dispatcher) -> Event:
    """Put the decision into the event that ends a message, and count the message's tokens."""
    if event["event"] != "message-finish":
        return event
    dispatcher.counter.count_tokens(decision.route, usage_of(event.get("usage")))
    return {**event, "metadata": {**(event.get("metadata") or {}), "routellm": decision.record()}}


def _is_token(event: Event) -> bool:
    return str(event["event"]) != "message-start"
