"""ConversationMemory: for each named conversation, when it was last hard and who answered last."""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from threading import Lock
from typing import Any, NamedTuple

from routellm_core.routing.conversation import Place, decided_hard
from routellm_core.routing.decision import Decision, Route
from routellm_core.routing.ladder import PAIR, Ladder

DEFAULT_SIZE = 10_000
"""Conversations; the one that was silent for longest is forgotten first."""


class _Turns(NamedTuple):
    # Before this turn; None while no turn was hard.
    easy_turns: int | None
    is_easy: bool


_LONGEST_NAME = 200
"""Characters; of a longer name its hash is remembered."""


class _Entry(NamedTuple):
    route: Route
    turn: int | None
    # At each border between two tiers, from the lowest; what is above it is hard.
    borders: tuple[_Turns, ...]


class ConversationMemory:
    """A bounded LRU, safe between threads.

    It survives histories of role and content only, and ends with the process.
    """

    def __init__(self, size: int = DEFAULT_SIZE, ladder: Ladder = PAIR) -> None:
        """Start with no conversation; the tiers tell which turn was hard."""
        self._size = size
        self.ladder = ladder
        self._entries: OrderedDict[str, _Entry] = OrderedDict()
        self._lock = Lock()

    def route(self, thread_id: str) -> Route | None:
        """Return the side that answered last; None if nothing is known of the conversation."""
        entry = self._entries.get(_key(thread_id))
        return None if entry is None else entry.route

    def easy_turns(self, place: Place, tier: int = 1) -> int | None:
        """Return how many easy turns there were since the last hard one; None if there was none.

        Args:
            place: of the call.
            tier: the place of the lowest tier whose turns are hard; 1 is strong in a pair.
        """
        entry = self._entries.get(_key(place.thread_id))
        if entry is None or (turns := entry.borders[tier - 1]).easy_turns is None:
            return None
        is_same = place.turn is None or place.turn == entry.turn
        return turns.easy_turns + (turns.is_easy and not is_same)

    def note(self, decision: Decision) -> None:
        """Remember who answers a call; calls outside of any named conversation are passed over."""
        place = decision.place
        # What a program asks for itself is no turn.
        if place is None or decision.reason == "housekeeping":
            return
        key = _key(place.thread_id)
        with self._lock:
            before = self._entries.pop(key, None)
            self._entries[key] = _following(before, place, decision, self.ladder)
            if len(self._entries) > self._size:
                self._entries.popitem(last=False)

    def __len__(self) -> int:
        return len(self._entries)

    def __getstate__(self) -> dict[str, Any]:
        # Conversations go on where they were, in this process.
        return {"size": self._size, "ladder": self.ladder}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__init__(**state)  # type: ignore[misc]  # the state of a new memory is what __init__ makes


def _key(thread_id: str) -> str:
    # Whoever writes to a program may choose the name, and ten thousand long ones fill a memory.
    if len(thread_id) <= _LONGEST_NAME:
        return thread_id
    return hashlib.blake2b(thread_id.encode("utf-8", "surrogatepass"), digest_size=32).hexdigest()


def _following(before: _Entry | None, place: Place, decision: Decision, ladder: Ladder) -> _Entry:
    route = decision.route
    turn = place.turn if place.turn is not None or before is None else before.turn
    borders = []
    for tier in range(1, len(ladder.names)):
        known = None if before is None else before.borders[tier - 1]
        is_same = before is not None and turn == before.turn
        borders.append(_turns(known, is_same, decided_hard(decision, ladder.names[tier:])))
    return _Entry(route, turn, tuple(borders))


def _turns(before: _Turns | None, is_same_turn: bool, is_hard: bool) -> _Turns:
    if is_hard:
        return _Turns(0, is_easy=False)
    if before is None or before.easy_turns is None:
        return _Turns(None, is_easy=True)
    if is_same_turn:
        return before
    return _Turns(before.easy_turns + before.is_easy, is_easy=True)
