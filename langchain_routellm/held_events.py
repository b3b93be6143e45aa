"""HeldEvents: an attempt's events, held back from handlers that show answers until the attempt stands.

A stand-in for the handlers of `astream_events`, `astream_log` and LangGraph's streams. Tracers hear of every
attempt at once; handlers that show tokens hear only of the one that answers, under the caller's own run id.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from functools import cache
from typing import Any, NamedTuple
from uuid import UUID

from langchain_core.callbacks import BaseCallbackHandler
from langchain_core.callbacks.manager import ahandle_event, handle_event
from langchain_core.messages import AIMessageChunk
from langchain_core.tracers._streaming import _StreamingCallbackHandler, _V2StreamingCallbackHandler

from langchain_routellm.answer_stream import is_token

_IGNORED_BY = {
    "on_chat_model_start": "ignore_chat_model",
    "on_llm_start": "ignore_llm",
    "on_llm_new_token": "ignore_llm",
    "on_llm_end": "ignore_llm",
    "on_llm_error": "ignore_llm",
    "on_stream_event": "ignore_llm",
    "on_chain_start": "ignore_chain",
    "on_chain_end": "ignore_chain",
    "on_chain_error": "ignore_chain",
    "on_retry": "ignore_retry",
}
_TOKENS = ("on_llm_new_token", "on_stream_event")


class Event(NamedTuple):
    """One call of a handler."""

    name: str
    arguments: tuple[Any, ...]
    named: dict[str, Any]

    @property
    def shows(self) -> bool:
        """Whether it shows something of an answer, after which no other model is asked."""
        if self.name == "on_stream_event":
            return str(self.arguments[0]["event"]) != "message-start"
        if self.name == "on_llm_new_token":
            message = getattr(self.named.get("chunk"), "message", None)
            return is_token(message) if isinstance(message, AIMessageChunk) else bool(self.arguments[0])
        return self.name in ("on_llm_end", "on_chain_end")


class HeldEvents(BaseCallbackHandler):
    """Takes the place of handlers for one attempt.

    Args:
        shown: those who show answers.
        listeners: others that listen to tokens; they learn of a rejected attempt too, without its tokens.
        holds: whether anything is held.
        judged: whether all is held until the whole answer was judged; else until its first token.
        ids: the attempt's run id -> the one that those who show answers know it by.
    """

    run_inline = True
    raise_error = True

    def __init__(
        self,
        shown: list[BaseCallbackHandler],
        listeners: list[BaseCallbackHandler],
        *,
        holds: bool = True,
        judged: bool,
        ids: Mapping[UUID, UUID] | None = None,
    ) -> None:
        self.shown = shown
        self.listeners = listeners
        self.has_shown = False
        self._judged = judged
        self._ids = ids or {}
        self._waiting: list[Event] | None = [] if holds else None

    def due(self, event: Event) -> list[Event]:
        """Take an event, and return the events to pass on now."""
        for name in ("run_id", "parent_run_id"):
            if event.named.get(name) in self._ids:
                event = event._replace(named={**event.named, name: self.known_as(event.named[name])})
        if self._waiting is None:
            self.has_shown |= event.name in _TOKENS and event.shows
            return [event]
        self._waiting.append(event)
        if self._judged or not event.shows:
            return []
        self.has_shown = event.name in _TOKENS
        return self.released()

    def released(self) -> list[Event]:
        """Return what was held; from now on nothing is."""
        events, self._waiting = self._waiting or [], None
        return events

    def discarded(self) -> list[Event]:
        """Drop the held events, and return those for handlers that only listen."""
        events = self.released() if self.listeners else []
        self._waiting = []
        return [event for event in events if event.name not in _TOKENS]

    @property
    def tapping(self) -> list[_StreamingCallbackHandler[object]]:
        """The handlers that receive the parts of chains."""
        if self._judged:
            return []
        return [handler for handler in self.shown if isinstance(handler, _StreamingCallbackHandler)]

    def known_as(self, run_id: UUID) -> UUID:
        """Return the run id under which a run is shown."""
        return self._ids.get(run_id, run_id)

    def tell(self, events: list[Event], handlers: list[BaseCallbackHandler]) -> None:
        """Pass events on."""
        for name, arguments, named in events:
            handle_event(handlers, name, _IGNORED_BY[name], *arguments, **named)

    async def atell(self, events: list[Event], handlers: list[BaseCallbackHandler]) -> None:
        """Pass events on, async."""
        for name, arguments, named in events:
            await ahandle_event(handlers, name, _IGNORED_BY[name], *arguments, **named)

    @property
    def everybody(self) -> list[BaseCallbackHandler]:
        """All handlers that it stands in for."""
        return self.shown + self.listeners


class _Tapped:
    """Shows the parts of chains inside an attempt; only handlers that show answers have these methods."""

    def tap_output_iter(self: Any, run_id: UUID, output: Iterator[Any]) -> Iterator[Any]:
        """Pass a chain's parts to handlers that show answers, unless the answer may still be rejected."""
        for handler in self.tapping:
            output = handler.tap_output_iter(self.known_as(run_id), output)
        return output

    def tap_output_aiter(self: Any, run_id: UUID, output: AsyncIterator[Any]) -> AsyncIterator[Any]:
        """Do the same, async."""
        for handler in self.tapping:
            output = handler.tap_output_aiter(self.known_as(run_id), output)
        return output


def held_events(
    shown: list[BaseCallbackHandler],
    listeners: list[BaseCallbackHandler],
    *,
    holds: bool,
    judged: bool,
    ids: Mapping[UUID, UUID] | None,
    is_async: bool,
) -> HeldEvents:
    """Return a stand-in for the handlers, of the kind that the model expects."""
    by_events = any(isinstance(handler, _V2StreamingCallbackHandler) for handler in shown)
    kind = _kind(bool(shown), by_events, is_async)
    return kind(shown, listeners, holds=holds, judged=judged, ids=ids)


@cache
def _kind(shows: bool, by_events: bool, is_async: bool) -> type[HeldEvents]:
    marks = [_Tapped] * shows + [_V2StreamingCallbackHandler] * by_events
    taking = _ataking if is_async else _taking
    return type("HeldEvents", (HeldEvents, *marks), {name: taking(name) for name in _IGNORED_BY})


def _taking(name: str) -> Callable[..., None]:
    def take(self: HeldEvents, *arguments: Any, **named: Any) -> None:
        self.tell(self.due(Event(name, arguments, named)), self.everybody)

    return take


def _ataking(name: str) -> Callable[..., Any]:
    async def take(self: HeldEvents, *arguments: Any, **named: Any) -> None:
        await self.atell(self.due(Event(name, arguments, named)), self.everybody)

    return take
