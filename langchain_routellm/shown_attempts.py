"""ShownAttempts: of the attempts of one call, the one that answers is shown, and no other."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

from langchain_core.callbacks import BaseCallbackHandler, BaseCallbackManager
from langchain_core.runnables import RunnableConfig
from langchain_core.tracers._streaming import _StreamingCallbackHandler, _V2StreamingCallbackHandler
from langchain_core.tracers.base import BaseTracer

from langchain_routellm.attempt import Attempt
from langchain_routellm.held_events import HeldEvents, held_events


@dataclass
class ShownAttempts:
    """The handlers of one call's attempts.

    Attributes:
        run_id: the caller's own, by which the answer's run is shown.
        is_async: whether the call is.
    """

    run_id: UUID | None
    is_async: bool
    _held: HeldEvents | None = None
    _earlier: HeldEvents | None = None

    def may_show(self, attempt: Attempt) -> bool:
        """Return whether anything of an attempt, or of an earlier one, could be shown to anybody."""
        return bool(self._held or self._earlier or attempt.config.get("callbacks"))

    def attempt(self, attempt: Attempt, *, replaceable: bool, judged: bool) -> Attempt:
        """Return an attempt whose events are held back while another one may replace it.

        Args:
            attempt: about to be made.
            replaceable: whether another one may follow.
            judged: whether its whole answer may be rejected.
        """
        self._earlier, self._held = self._held, None
        shown, listeners = _handlers(attempt.config, judged)
        ids: dict[UUID, UUID] | None = None
        config = attempt.config
        is_second = attempt.decision.reason == "escalated" and "run_id" not in config
        if is_second and shown and self.run_id is not None:
            own = uuid4()
            ids, config = {own: self.run_id}, {**config, "run_id": own}
        holds = replaceable and bool(shown or listeners)
        if not (ids or holds):
            return attempt
        self._held = held_events(
            shown, listeners, holds=holds, judged=judged, ids=ids, is_async=self.is_async
        )
        return attempt._replace(config=_replaced(config, self._held))

    def is_shown(self) -> bool:
        """Return whether something of the answer was shown, after which no other model is asked."""
        return self._held is not None and self._held.has_shown

    @property
    def holds(self) -> bool:
        """Whether something stands in for the handlers of the attempt about to be made."""
        return self._held is not None

    @property
    def has_earlier(self) -> bool:
        """Whether there was an attempt before this one."""
        return self._earlier is not None

    def discard(self) -> None:
        """Pass the earlier attempt's events to handlers that only listen; nothing of it is shown."""
        if self._earlier is not None:
            self._earlier.tell(self._earlier.discarded(), self._earlier.listeners)

    async def adiscard(self) -> None:
        """Do the same, async."""
        if self._earlier is not None:
            await self._earlier.atell(self._earlier.discarded(), self._earlier.listeners)

    def release(self) -> None:
        """Show what is still held of the last attempt."""
        if self._held is not None:
            self._held.tell(self._held.released(), self._held.everybody)

    async def arelease(self) -> None:
        """Do the same, async."""
        if self._held is not None:
            await self._held.atell(self._held.released(), self._held.everybody)


def _handlers(
    config: RunnableConfig, judged: bool
) -> tuple[list[BaseCallbackHandler], list[BaseCallbackHandler]]:
    """Return the handlers that show answers, and, if answers are judged, those that listen to tokens."""
    callbacks = config.get("callbacks")
    handlers = callbacks.handlers if isinstance(callbacks, BaseCallbackManager) else callbacks or []
    shown = [handler for handler in handlers if shows(handler)]
    if not judged:
        return shown, []
    return shown, [handler for handler in handlers if not shows(handler) and listens(handler)]


def shows(handler: BaseCallbackHandler) -> bool:
    """Return whether a handler shows an answer to the caller."""
    return isinstance(handler, _StreamingCallbackHandler | _V2StreamingCallbackHandler)


def listens(handler: BaseCallbackHandler) -> bool:
    """Return whether a handler of the user's own listens to tokens."""
    own: Any = type(handler).on_llm_new_token
    return not isinstance(handler, BaseTracer) and own.__module__ != BaseCallbackHandler.__module__


def _replaced(config: RunnableConfig, held: HeldEvents) -> RunnableConfig:
    """Return a configuration with the stand-in for its handlers."""

    def without(handlers: list[BaseCallbackHandler]) -> list[BaseCallbackHandler]:
        kept = [handler for handler in handlers if handler not in held.everybody]
        return kept if len(kept) == len(handlers) else [*kept, held]

    callbacks = config.get("callbacks")
    if isinstance(callbacks, BaseCallbackManager):
        manager = callbacks.copy()
        manager.handlers = without(callbacks.handlers)
        manager.inheritable_handlers = without(callbacks.inheritable_handlers)
        return {**config, "callbacks": manager}
    return {**config, "callbacks": without(list(callbacks or []))}
