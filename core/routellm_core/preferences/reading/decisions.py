"""Decisions: which logged calls share one routing decision.

A tool loop sends the same conversation again and again, each time with more steps behind the person's newest
text, and stays on one model. So calls that agree in everything up to that text belong together.
"""

from __future__ import annotations

import hashlib
import re
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass

from routellm_core.preferences.reading.logged_call import CallKind, LoggedCall, RawCall
from routellm_core.preferences.reading.messages import Message, human_texts, is_human
from routellm_core.routing.request import scored_text

OPEN_DECISIONS = 50_000
"""Decisions whose later calls are still recognized; a loop does not span more of a log than that."""

# Housekeeping asks a model about a conversation instead of answering it. Names are what hosts call such runs,
# phrases stand at the beginning of their long instructions; a person's own short wish is a question.
_NAMES = re.compile(
    r"summari[sz]ation ?middleware"
    r"|(conversation|history|chat|memory|messages|context)[-_ ]?summar"
    r"|summar[a-z]{0,8}[-_ ]?(the[-_ ])?(conversation|history|chat|memory|messages|context)"
    r"|(generate|create|make|chat|session|conversation|thread)[-_ ]?title|title[-_ ]?(generat|creat)"
    r"|condense[-_ ]?(question|history|chat)|standalone[-_ ]?question"
    r"|(generate|suggest)[-_ ]?follow[-_ ]?ups?"
)
_PHRASES = (
    "context extraction assistant",
    "summarize the conversation",
    "summarize this conversation",
    "summarise the conversation",
    "summary of the conversation",
    "summarize the following conversation",
    "progressively summarize",
    "concise title",
    "generate a title",
    "short title",
    "title for the conversation",
    "title for this conversation",
    "standalone question",
    "rephrase the follow up question",
    "### task:",
    "extract facts",
    "here is the chunk we want to situate",
)
_SHORTEST_INSTRUCTION = 160
_WITH_TEXT = ("question", "tool step", "error", "shadow answer")
_LOOKED_AT = 400
_LOOKED_AT_OF_SYSTEM = 160


@dataclass(slots=True)
class _Open:
    number: int
    asked: bool
    parent: str | None


class Decisions:
    """Numbers decisions as calls are read, in any order."""

    def __init__(self) -> None:
        """Start with no decision."""
        self.count = 0
        self._open: OrderedDict[bytes, _Open] = OrderedDict()

    def logged(self, call: RawCall, place: str) -> LoggedCall:
        """Return a call with its purpose and decision."""
        messages = call.messages or ()
        texts = human_texts(messages)
        kind = call.kind or _kind(messages, texts, call.name)
        text = scored_text(texts) if kind in _WITH_TEXT else None
        number, starts = -1, False
        if kind in ("question", "tool step"):
            kind, number, starts = self._placed(kind, call, messages)
        return LoggedCall(
            kind,
            number,
            starts,
            text,
            messages,
            call.answer,
            call.model,
            call.usage,
            call.conversation,
            call.time,
            place,
        )

    def _placed(
        self, kind: CallKind, call: RawCall, messages: Sequence[Message]
    ) -> tuple[CallKind, int, bool]:
        key = _key(call.conversation, messages)
        known = self._open.get(key)
        if known is not None and kind == "tool step":
            return kind, known.number, False
        if known is not None:
            if not known.asked:  # its later steps came first
                known.asked = True
                return kind, known.number, False
            if call.parent is not None and known.parent == call.parent:
                return "retry", known.number, False
        self._remember(key, _Open(self.count, kind == "question", call.parent))
        self.count += 1
        return kind, self.count - 1, True

    def _remember(self, key: bytes, opened: _Open) -> None:
        self._open[key] = opened
        self._open.move_to_end(key)
        if len(self._open) > OPEN_DECISIONS:
            self._open.popitem(last=False)


def _kind(messages: Sequence[Message], texts: Sequence[str], name: str) -> CallKind:
    if not messages or not any(message.text.strip() for message in messages):
        return "empty"
    if _is_housekeeping(messages, texts, name):
        return "housekeeping"
    if not texts:
        return "no text"
    asked = [position for position, message in enumerate(messages) if message.role != "assistant"]
    last = asked[-1]
    return "question" if is_human(messages, last) or messages[last].role == "system" else "tool step"


def _is_housekeeping(messages: Sequence[Message], texts: Sequence[str], name: str) -> bool:
    if name and _NAMES.search(name[:_LOOKED_AT].lower()):
        return True
    heads = [
        message.text[:_LOOKED_AT_OF_SYSTEM].lower() for message in messages[:1] if message.role == "system"
    ]
    heads += [texts[-1][:_LOOKED_AT].lower()] if texts and len(texts[-1]) >= _SHORTEST_INSTRUCTION else []
    return any(phrase in head for head in heads for phrase in _PHRASES)


def _key(conversation: str | None, messages: Sequence[Message]) -> bytes:
    newest = max(position for position in range(len(messages)) if is_human(messages, position))
    digest = hashlib.blake2b((conversation or "").encode("utf-8", "surrogatepass"), digest_size=16)
    for message in messages[: newest + 1]:
        digest.update(message.role.encode())
        digest.update(message.text.encode("utf-8", "surrogatepass"))
        digest.update(b"\0")
    return digest.digest()
