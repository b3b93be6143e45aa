"""Earlier turns: what the messages of a call tell of its conversation, for core to decide by."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from itertools import pairwise

from llama_index.core.base.llms.types import ChatMessage, MessageRole
from llama_index_instrumentation.dispatcher import active_instrument_tags

from llamaindex_routellm.human_text import is_human, question_of_messages
from llamaindex_routellm.rendered_prompt import NO_QUESTION
from routellm_core.routing.conversation import Conversation, thread_name
from routellm_core.routing.stickiness import LEANS_OVER, MOST_TURNS


def thread_of_tags() -> str | None:
    """Return the name of the conversation, where the user's own instrument tags say."""
    tags = active_instrument_tags.get()
    return thread_name(tags.get("thread_id") or tags.get("session_id"))


def conversation_of(messages: Sequence[ChatMessage]) -> Conversation:
    """Describe the conversation that a call goes on with."""
    humans = [
        at for at, message in enumerate(messages) if is_human(message, messages[at - 1] if at else None)
    ]
    # The place distinguishes "continue" from the "continue" before it.
    turn = hash((humans[-1], messages[humans[-1]].content)) if humans else None
    return Conversation(
        turn, texts=partial(_texts, messages, humans), repeated=partial(_repeated_share, messages)
    )


def _texts(messages: Sequence[ChatMessage], humans: Sequence[int]) -> list[str]:
    """Return what was scored of each turn that was answered before the newest human message."""
    answered = [
        (humans[max(0, number - LEANS_OVER)], later)
        for number, (human, later) in enumerate(pairwise(humans))
        if any(message.role == MessageRole.ASSISTANT for message in messages[human:later])
    ]
    texts = [question_of_messages(messages[begin:end]) for begin, end in answered[-MOST_TURNS:]]
    return [text for text in texts if text and text != NO_QUESTION]


def _repeated_share(messages: Sequence[ChatMessage]) -> float:
    """Return the share of the characters, 0 to 1, that the latest answer was made from or holds itself."""
    sizes = [len(message.content or "") for message in messages]
    answers = [at for at, message in enumerate(messages) if message.role == MessageRole.ASSISTANT]
    return sum(sizes[: answers[-1] + 1]) / max(1, sum(sizes)) if answers else 0.0
