"""Conversation: a list of messages as the router reads it: the question, the call's needs, who answered."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from langchain_core.messages import AIMessage, BaseMessage, ChatMessage, HumanMessage, ToolMessage
from langchain_core.messages.utils import count_tokens_approximately

from routellm_core.routing.capabilities import Need
from routellm_core.routing.decision import Route

# Agents put reminders of their own into the human's message.
_REMINDER, _REMINDER_END = "<system-reminder>", "</system-reminder>"

# Marks that harnesses put on messages that no human wrote, such as summaries of earlier turns.
_HARNESS_MARK = "lc_source"

# Providers' words for a block of text, and none at all, as Bedrock and Gemini have it.
_TEXT_BLOCKS = ("text", "input_text", None)

_BLOCK_NEEDS: dict[str, Need] = {
    "image": "image",
    "image_url": "image",
    "input_image": "image",
    "audio": "audio",
    "input_audio": "audio",
    "video": "video",
    "document": "file",
    "document_url": "file",
    "file": "file",
    "input_file": "file",
}

# Gemini's blocks name their kind by the MIME type, Bedrock's by a key.
_MIME_NEEDS: dict[str, Need] = {"image": "image", "audio": "audio", "video": "video", "application": "file"}
_KEY_NEEDS: tuple[Need, ...] = ("image", "audio", "video")

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
    found = (_block_need(block) for message in messages for block in _blocks(message))
    return frozenset(need for need in found if need is not None)


def estimated_tokens(messages: Sequence[BaseMessage], smallest_window: int | None) -> int | None:
    """Estimate input tokens without network; None if the prompt is too short for any window to matter."""
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
        if isinstance(record, dict) and isinstance(record.get("route"), str):
            yield record


def previous_route(messages: Sequence[BaseMessage]) -> Route | None:
    """Return the side that gave the conversation's latest routed answer."""
    for record in records(messages):
        route: Route = record["route"]
        return route
    return None


def turns(messages: Sequence[BaseMessage]) -> list[tuple[int, int]]:
    """Return where each turn begins and ends, oldest first: what humans say at once, and all answers to it.

    Messages before the first human message, such as the rest of a summarised turn, are one too.
    """
    begins = [0]
    was_human = True
    for place, message in enumerate(messages):
        is_human = _is_human(message)
        if is_human and not was_human:
            begins.append(place)
        was_human = is_human or (was_human and not isinstance(message, AIMessage | ToolMessage))
    return list(zip(begins, [*begins[1:], len(messages)], strict=True))


def newest_human(messages: Sequence[BaseMessage]) -> int:
    """Return the place of the newest message that a human wrote, -1 if there is none."""
    return max((i for i, message in enumerate(messages) if _is_human(message)), default=-1)


def open_loop(messages: Sequence[BaseMessage]) -> tuple[Route, bool] | None:
    """Return the side that an open tool loop is on, and whether it was escalated to it; None outside of one.

    The loop is still open if the human turn that began it was summarised away.
    """
    steps = list(records(messages[newest_human(messages) + 1 :]))
    for record in steps:
        if record.get("reason") == "escalated":
            return record["route"], True
    # The loop waits for an answer where its newest message is a tool's.
    is_open = isinstance(messages[-1], ToolMessage) and steps
    return (steps[0]["route"], False) if is_open else None


def _is_human(message: BaseMessage) -> bool:
    is_human = isinstance(message, HumanMessage) or (
        isinstance(message, ChatMessage) and message.role in ("user", "human")
    )
    return is_human and _HARNESS_MARK not in message.additional_kwargs


def _text(message: BaseMessage) -> str:
    if isinstance(message.content, str):
        return message.content
    blocks = [{"text": block} if isinstance(block, str) else block for block in message.content or ()]
    parts = [block.get("text") for block in blocks if block.get("type") in _TEXT_BLOCKS]
    # A plain text document is the human's message if the message holds nothing else.
    said = [part for part in parts if part] or [
        block.get("text") for block in blocks if block.get("type") == "text-plain"
    ]
    return "\n".join(part for part in said if isinstance(part, str))


def _block_need(block: dict[str, Any]) -> Need | None:
    kind = block.get("type")
    if kind is None:
        return next((need for need in _KEY_NEEDS if isinstance(block.get(need), dict)), None) or (
            "file" if isinstance(block.get("document"), dict) else None
        )
    if kind == "media":
        return _MIME_NEEDS.get(str(block.get("mime_type")).partition("/")[0])
    return _BLOCK_NEEDS.get(kind) if isinstance(kind, str) else None


def _blocks(message: BaseMessage) -> Iterator[dict[str, Any]]:
    if isinstance(message.content, list):
        yield from (block for block in message.content if isinstance(block, dict))
