"""ConversationMemory: for each named conversation, when it was last hard and who answered last."""

from __future__ import annotations

from collections import OrderedDict
from threading import Lock
from typing import Any, NamedTuple

from routellm_core.routing.conversation import Place, decided_hard
from routellm_core.routing.decision import Decision, Route

DEFAULT_SIZE = 10_000
"""Conversations; the one that was silent for longest is forgotten first."""


class _Entry(NamedTuple):
    route: Route
    turn: int | None
    # Before this turn; None while no turn was hard.
    easy_turns: int | None
    is_easy: bool


class ConversationMemory:
    """A bounded LRU, safe between threads.

    It survives histories of role and content only, and ends with the process.
    """

    def __init__(self, size: int = DEFAULT_SIZE, top: Route = "strong") -> None:
        """Start with no conversation; `top` is the highest tier."""
        self._size = size
        self.top = top
        self._entries: OrderedDict[str, _Entry] = OrderedDict()
        self._lock = Lock()

    def route(self, thread_id: str) -> Route | None:
        """Return the side that answered last; None if nothing is known of the conversation."""
        entry = self._entries.get(thread_id)
        return None if entry is None else entry.route

    def easy_turns(self, place: Place) -> int | None:
        """Return how many easy turns there were since the last hard one; None if there was none."""
        entry = self._entries.get(place.thread_id)
        if entry is None or entry.easy_turns is None:
            return None
        is_same = place.turn is None or place.turn == entry.turn
        return entry.easy_turns + (entry.is_easy and not is_same)

    def note(self, decision: Decision) -> None:
        """Remember who answers a call; calls outside of any named conversation are passed over."""
        place = decision.place
        # What a program asks for itself is no turn.
        if place is None or decision.reason == "housekeeping":
            return
        with self._lock:
            before = self._entries.pop(place.thread_id, None)
            self._entries[place.thread_id] = _following(before, place, decision, self.top)
            if len(self._entries) > self._size:
                self._entries.popitem(last=False)

    def __len__(self) -> int:
        return len(self._entries)

    def __getstate__(self) -> dict[str, Any]:
        # Conversations go on where they were, in this process.
        return {"size": self._size, "top": self.top}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__init__(**state)  # type: ignore[misc]  # the state of a new memory is what __init__ makes


def _following(before: _Entry | None, place: Place, decision: Decision, top: Route) -> _Entry:
    route = decision.shadow_route or decision.route
    turn = place.turn if place.turn is not None or before is None else before.turn
    if decided_hard(decision, top):
        return _Entry(route, turn, 0, is_easy=False)
    if before is None or before.easy_turns is None:
        return _Entry(route, turn, None, is_easy=True)
    if turn == before.turn:
        return before._replace(route=route)
    return _Entry(route, turn, before.easy_turns + before.is_easy, is_easy=True)
