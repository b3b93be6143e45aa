"""LoggedCall: one model call as a log tells it, and what it was for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from routellm_core.preferences.reading.messages import Message
from routellm_core.routing.prices import TokenUsage

CallKind = Literal[
    "question", "tool step", "retry", "housekeeping", "embedding", "error", "empty", "no text", "other"
]

SERVED: frozenset[CallKind] = frozenset(("question", "tool step", "retry"))
"""Calls that a person's question asked: the router decides on them."""

SKIPPED: dict[CallKind, str] = {"empty": "empty", "no text": "without text"}

APART: dict[CallKind, str] = {
    "housekeeping": "summaries, titles and the like",
    "embedding": "embeddings",
    "error": "failed calls",
    "other": "rows that are no model call",
}


@dataclass(frozen=True, slots=True)
class RawCall:
    """A call as a layout found it, before it is known what it was for.

    Attributes:
        messages: what was sent; None if the row tells of none.
        answer: the answer's text.
        model: the model that answered.
        usage: its tokens; None if they are not told.
        conversation: an id of the conversation or thread.
        parent: an id of the run that made the call; equal for the tries of one call.
        time: seconds since 1970.
        name: of the run, such as "generate_title".
        kind: where the layout knows it already, such as "embedding" or "error".
        impossible: what is wrong with the tokens; "" where nothing is.
    """

    messages: Sequence[Message] | None = None
    answer: str | None = None
    model: str | None = None
    usage: TokenUsage | None = None
    conversation: str | None = None
    parent: str | None = None
    time: float | None = None
    name: str = ""
    kind: CallKind | None = None
    impossible: str = ""


@dataclass(frozen=True, slots=True)
class LoggedCall:
    """One model call.

    Attributes:
        kind: what it was for.
        decision: the number of the routing decision it belongs to, from 0; the steps of a tool loop share
            their question's. -1 for calls on which no router decides.
        starts: whether it is the decision's first call in the log.
        text: what the router would score; None for a call without a person's text.
        messages: what was sent.
        answer: the answer's text, where the log keeps it.
        model: the model that answered, where told.
        usage: its tokens, where told.
        conversation: an id, where told.
        time: seconds since 1970, where told.
        place: of the row, for messages.
    """

    kind: CallKind
    decision: int
    starts: bool
    text: str | None
    messages: Sequence[Message]
    answer: str | None
    model: str | None
    usage: TokenUsage | None
    conversation: str | None
    time: float | None
    place: str
