"""Conversation: what a call tells of the turns before it, and how long a hard one keeps it on strong."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from routellm_core.routing.decision import Decision, Route

Records = Iterable[Mapping[str, Any]]


class Place(NamedTuple):
    """Where in which conversation a call is made.

    Attributes:
        thread_id: the conversation's name.
        turn: the same for all calls of one turn, and another for the next turn; None if it is not known.
    """

    thread_id: str
    turn: int | None = None


def thread_name(given: object) -> str | None:
    """Return what the host calls a conversation as text; None for an empty name, or one without a text."""
    try:
        return (str(given) if given else None) or None
    except Exception:
        # Whatever the host does with it: routing goes on as without a name.
        return None


def _nothing() -> Sequence[str]:
    return ()


def _none() -> float:
    return 0.0


@dataclass(frozen=True, slots=True)
class Conversation:
    """What a call's messages tell of their conversation.

    Attributes:
        turn: as in `Place`.
        records: the routing records of earlier answers, a group for each turn, oldest first; the last one is
            the turn that the call belongs to. A turn without records is an empty group.
        texts: returns the scored texts of the earlier turns, oldest first.
        repeated: returns the share of the prompt, 0 to 1, that the conversation's last answer was made from.
    """

    turn: int | None = None
    records: Sequence[Records] = ()
    texts: Callable[[], Sequence[str]] = _nothing
    repeated: Callable[[], float] = _none


def is_hard(record: Mapping[str, Any], hard: Collection[Route] = ("strong",)) -> bool:
    """Return whether one of these sides answered for the call's own reason, not the conversation's."""
    return (record.get("shadow_route") or record.get("route")) in hard and record.get("reason") != "sticky"


def decided_hard(decision: Decision, hard: Collection[Route] = ("strong",)) -> bool:
    """Tell the same of a decision."""
    return (decision.shadow_route or decision.route) in hard and decision.reason != "sticky"


def recorded_easy_turns(records: Sequence[Records], hard: Collection[Route] = ("strong",)) -> int | None:
    """Return how many easy turns there were since the last hard one; None if no record is of a hard one.

    Args:
        records: as in `Conversation`. The turn under way is not counted unless it is hard, which makes it 0.
        hard: the sides whose turns are hard.
    """
    easy: int | None = None
    for place, turn in enumerate(records):
        known = list(turn)
        if any(is_hard(record, hard) for record in known):
            easy = 0
        elif easy is not None and known and place < len(records) - 1:
            easy += 1
    return easy
