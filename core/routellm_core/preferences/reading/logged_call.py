"""LoggedCall: one model call from a log, and its purpose."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from routellm_core.preferences.reading.messages import Message
from routellm_core.routing.prices import TokenUsage

CallKind = Literal[
    "question",
    "tool step",
    "retry",
    "housekeeping",
    "embedding",
    "error",
    "empty",
    "no text",
    "not kept",
    "later version",
    "shadow answer",
    "other",
]

SERVED: frozenset[CallKind] = frozenset(("question", "tool step", "retry"))
"""Calls for a person's question, on which the router decides."""

SKIPPED: dict[CallKind, str] = {
    "empty": "empty",
    "no text": "without text",
    "not kept": "whose text was not kept",
    "later version": "of a later version",
}

APART: dict[CallKind, str] = {
    "housekeeping": "summaries, titles and the like",
    "embedding": "embeddings",
    "error": "failed calls",
    "shadow answer": "answers that a shadow sample was for",
    "other": "rows that are not model calls",
}


@dataclass(frozen=True, slots=True)
class RawCall:
    """A call as a layout reads it, before its purpose is known.

    Attributes:
        messages: what was sent; None if unknown.
        answer: the answer's text.
        model: the model that answered.
        usage: its tokens; None if unknown.
        conversation: an id of the conversation or thread.
        parent: an id of the run that made the call; equal for retries of one call.
        time: seconds since 1970.
        name: of the run, such as "generate_title".
        kind: if the layout already knows it, such as "embedding" or "error".
        impossible: what is wrong with the tokens; "" if nothing is.
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
        kind: its purpose.
        decision: the number of the routing decision it belongs to, from 0; the steps of a tool loop share
            their question's. -1 for calls on which no router decides.
        starts: whether it is the decision's first call in the log.
        text: what the router would score; None for a call without a person's text.
        messages: what was sent.
        answer: the answer's text, if logged.
        model: the model that answered, if known.
        usage: its tokens, if known.
        conversation: an id, if known.
        time: seconds since 1970, if known.
        place: the row's place, for messages.
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
