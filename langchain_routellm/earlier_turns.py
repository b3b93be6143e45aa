"""Earlier turns: the conversation behind a call's messages, in the form that core decides by."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from langchain_core.messages import AIMessage, BaseMessage

from langchain_routellm.conversation import newest_human, records, turns
from routellm_core.routing.conversation import Conversation
from routellm_core.routing.stickiness import LEANS_OVER, MOST_TURNS

ScoredText = Callable[[list[BaseMessage]], str | None]


def conversation_of(messages: list[BaseMessage], scored: ScoredText, *, whole: bool) -> Conversation:
    """Describe the conversation that a call goes on with.

    Args:
        messages: the call's.
        scored: returns the text that was scored of earlier messages.
        whole: whether it needs all of them; else the latest will do.
    """
    newest = newest_human(messages)
    # The place distinguishes "continue" from the "continue" before it.
    turn = hash((newest, str(messages[newest].content))) if newest >= 0 else None
    found = turns(messages)
    return Conversation(
        turn,
        [list(records(messages[begin:end])) for begin, end in found],
        partial(_texts, messages, found[:-1], scored, whole),
        partial(repeated_share, messages),
    )


def repeated_share(messages: Sequence[BaseMessage]) -> float:
    """Return the share of the characters, 0 to 1, that the latest answer was made from or holds itself."""
    sizes = [len(str(message.content)) for message in messages]
    answer = max((at for at, message in enumerate(messages) if isinstance(message, AIMessage)), default=-1)
    return sum(sizes[: answer + 1]) / max(1, sum(sizes))


def _texts(
    messages: list[BaseMessage], earlier: Sequence[tuple[int, int]], scored: ScoredText, whole: bool
) -> list[str]:
    answered = [
        (0 if whole else earlier[max(0, number - LEANS_OVER)][0], end)
        for number, (begin, end) in enumerate(earlier)
        if any(isinstance(message, AIMessage) for message in messages[begin:end])
    ]
    texts = [scored(messages[begin:end]) for begin, end in answered[-MOST_TURNS:]]
    return [text for text in texts if text and text.strip()]
