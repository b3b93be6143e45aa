"""Conversation: what a list of messages tells the router: the question, what the call needs, who answered."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from langchain_core.messages import AIMessage, BaseMessage, ChatMessage, HumanMessage
from langchain_core.messages.utils import count_tokens_approximately

from routellm_core.routing.capabilities import Need
from routellm_core.routing.decision import Route

# Agents put reminders of their own into the human's message.
_REMINDER, _REMINDER_END = "<system-reminder>", "</system-reminder>"

# Marks that harnesses put on messages that no human wrote, such as summaries of earlier turns.
_HARNESS_MARK = "lc_source"

_BLOCK_NEEDS: dict[str, Need] = {
    "image": "image",
    "image_url": "image",
    "input_image": "image",
    "audio": "audio",
    "input_audio": "audio",
    "video": "video",
    "document": "file",
    "file": "file",
    "input_file": "file",
}

_NO_NEEDS: frozenset[Need] = frozenset()

# Providers' tokenizers make about 4.7 characters a token of English prose. A prompt that was packed to a
# window must not be taken for one that exceeds it, so this errs on the low side; a prompt that is too long
# all the same comes back as a ContextOverflowError, which escalates.
_CHARACTERS_PER_TOKEN = 5.0


def human_texts(messages: Sequence[BaseMessage]) -> list[str]:
    """Return what humans wrote, oldest first, without what agents added to it."""
    texts = []
    for message in messages:
        if _is_human(message):
            texts.append(spoken(_text(message)))
    return [text for text in texts if text]


def spoken(text: str) -> str:
    """Return a human's text without the reminders that agents put into it."""
    kept, place = [], 0
    # Looked for once each: a regular expression would look for the end again at every reminder without one.
    while (start := text.find(_REMINDER, place)) >= 0 and (end := text.find(_REMINDER_END, start)) >= 0:
        kept.append(text[place:start])
        place = end + len(_REMINDER_END)
    return "".join([*kept, text[place:]]).strip()


def needs(messages: Sequence[BaseMessage]) -> frozenset[Need]:
    """Return the modalities beyond text that the messages hold."""
    if all(isinstance(message.content, str) for message in messages):
        return _NO_NEEDS
    kinds = (block.get("type") for message in messages for block in _blocks(message))
    return frozenset(_BLOCK_NEEDS[kind] for kind in kinds if kind in _BLOCK_NEEDS)


def estimated_tokens(messages: Sequence[BaseMessage], smallest_window: int | None) -> int | None:
    """Estimate input tokens without network; None where the prompt is too short for any window to matter."""
    if smallest_window is None:
        return None
    # A token has at least one character: most prompts are known to fit before anything is estimated.
    if sum(len(str(message.content)) for message in messages) <= smallest_window:
        return None
    return count_tokens_approximately(messages, chars_per_token=_CHARACTERS_PER_TOKEN)


def records(messages: Sequence[BaseMessage]) -> Iterator[dict[str, Any]]:
    """Yield the routing records that earlier answers carry, newest first."""
    for message in reversed(messages):
        record = message.response_metadata.get("routellm") if isinstance(message, AIMessage) else None
        if isinstance(record, dict) and record.get("route") in ("strong", "weak"):
            yield record


def previous_route(messages: Sequence[BaseMessage]) -> Route | None:
    """Return the side that gave the conversation's latest routed answer."""
    for record in records(messages):
        route: Route = record["route"]
        return route
    return None


def was_strong(messages: Sequence[BaseMessage]) -> bool:
    """Say whether strong has answered in this conversation before."""
    return any(record["route"] == "strong" for record in records(messages))


def escalated_in_open_loop(messages: Sequence[BaseMessage]) -> Route | None:
    """Return the side that an open tool loop was escalated to, so that its next step stays there."""
    newest_human = max((i for i, message in enumerate(messages) if _is_human(message)), default=-1)
    for record in records(messages[newest_human + 1 :]):
        if record.get("reason") == "escalated":
            route: Route = record["route"]
            return route
    return None


def _is_human(message: BaseMessage) -> bool:
    is_human = isinstance(message, HumanMessage) or (
        isinstance(message, ChatMessage) and message.role in ("user", "human")
    )
    return is_human and _HARNESS_MARK not in message.additional_kwargs


def _text(message: BaseMessage) -> str:
    if isinstance(message.content, str):
        return message.content
    parts = (block if isinstance(block, str) else block.get("text", "") for block in message.content
             if isinstance(block, str) or block.get("type") == "text")  # fmt: skip
    return "\n".join(part for part in parts if isinstance(part, str))


def _blocks(message: BaseMessage) -> Iterator[dict[str, Any]]:
    if isinstance(message.content, list):
        yield from (block for block in message.content if isinstance(block, dict))
