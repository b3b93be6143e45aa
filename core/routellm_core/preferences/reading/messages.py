"""Message: one turn of a logged conversation, in any of the forms that hosts and exporters use."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from routellm_core.preferences.reading.nested import mapping, unpacked

Role = Literal["system", "user", "assistant", "tool"]

_ROLES: Mapping[str, Role] = {
    "user": "user",
    "human": "user",
    "humanmessage": "user",
    "humanmessagechunk": "user",
    "prompter": "user",
    "assistant": "assistant",
    "ai": "assistant",
    "aimessage": "assistant",
    "aimessagechunk": "assistant",
    "gpt": "assistant",
    "chatgpt": "assistant",
    "bot": "assistant",
    "model": "assistant",
    "system": "system",
    "systemmessage": "system",
    "developer": "system",
    "tool": "tool",
    "toolmessage": "tool",
    "function": "tool",
    "functionmessage": "tool",
    "observation": "tool",
    "function_response": "tool",
    "ipython": "tool",
}

# Items of a Responses request that are not messages.
_ITEM_ROLES: Mapping[str, Role] = {
    "function_call_output": "tool",
    "custom_tool_call_output": "tool",
    "computer_call_output": "tool",
    "local_shell_call_output": "tool",
    "function_call": "assistant",
    "custom_tool_call": "assistant",
    "reasoning": "assistant",
}

_TOOL_BLOCKS = frozenset(("tool_result", "tool_call_response", "function_response", "functionResponse"))

_REMINDER, _REMINDER_END = "<system-reminder>", "</system-reminder>"

# Marks that harnesses put on messages not written by a human, such as summaries of earlier turns.
_HARNESS_MARK = "lc_source"


@dataclass(frozen=True, slots=True)
class Message:
    """One turn.

    Attributes:
        role: who speaks.
        text: its text; "" if it has none, such as a picture or a tool call.
        by_harness: whether a program wrote it in the person's role.
    """

    role: Role
    text: str
    by_harness: bool = False


def messages_of(value: object) -> list[Message] | None:
    """Return the turns in a value; None if it holds none.

    Args:
        value: a list of messages in any of the known forms, an object that holds one, a plain text (one turn
            of a person), or any of these as JSON in a string.
    """
    found = unpacked(value)
    if isinstance(found, str):
        return [Message("user", found)] if found.strip() else None
    if isinstance(found, Mapping):
        if "messages" in found:
            return messages_of(found["messages"])
        one = _message(found)
        return None if one is None else [one]
    if not isinstance(found, Sequence):
        return None
    if len(found) == 1 and isinstance(found[0], list) and not _is_pair(found[0]):
        return messages_of(found[0])  # LangChain's batches of one
    turns = [_message(turn) for turn in found]
    kept = [turn for turn in turns if turn is not None]
    return kept or None


def text_of(content: object) -> str:
    """Return the text of a message's content: a string, or blocks, some of them text."""
    if isinstance(content, str):
        return content
    if isinstance(content, Mapping):
        content = [content]
    if not isinstance(content, Sequence):
        return ""
    return "\n".join(text for text in map(_block_text, content) if text)


def human_texts(messages: Sequence[Message]) -> list[str]:
    """Return what people wrote, oldest first, without what agents added to it."""
    return [
        spoken
        for position, message in enumerate(messages)
        if is_human(messages, position) and (spoken := without_reminders(message.text))
    ]


def is_human(messages: Sequence[Message], position: int) -> bool:
    """Return whether a person wrote this turn; a ReAct loop returns tool results as the user."""
    message = messages[position]
    if message.role != "user" or message.by_harness:
        return False
    if not message.text.startswith("Observation:") or position == 0:
        return True
    return "Action:" not in messages[position - 1].text


def without_reminders(text: str) -> str:
    """Return a text without the reminders that agents insert into a person's message."""
    if _REMINDER not in text:
        return text.strip()
    kept, position = [], 0
    while (start := text.find(_REMINDER, position)) >= 0:
        end = text.find(_REMINDER_END, start)
        if end < 0:
            break
        kept.append(text[position:start])
        position = end + len(_REMINDER_END)
    kept.append(text[position:])
    return "".join(kept).strip()


def _message(turn: object) -> Message | None:
    if isinstance(turn, str):
        return Message("user", turn)
    if isinstance(turn, list | tuple) and _is_pair(turn):
        return Message(_ROLES[turn[0].lower()], text_of(turn[1]))
    if not isinstance(turn, Mapping):
        return None
    if "kwargs" in turn and "id" in turn:  # LangChain's constructor form
        inner = mapping(turn["kwargs"])
        kind = str(turn["id"][-1]) if isinstance(turn["id"], list) and turn["id"] else ""
        return _of_fields(inner, str(inner.get("role") or inner.get("type") or kind))
    if isinstance(turn.get("data"), Mapping) and "type" in turn:
        return _of_fields(turn["data"], str(turn["type"]))
    if "message" in turn and isinstance(turn["message"], Mapping):
        return _message(turn["message"])
    if "from" in turn:
        return _of_fields({"content": turn.get("value")}, str(turn["from"]))
    kind = str(turn.get("type", ""))
    if "role" not in turn and kind in _ITEM_ROLES:
        return Message(_ITEM_ROLES[kind], text_of(turn.get("output")))
    return _of_fields(turn, str(turn.get("role") or kind))


def _of_fields(fields: Mapping[str, object], role: str) -> Message | None:
    known = _ROLES.get(role.lower())
    if known is None:
        return None
    content = fields.get("content", fields.get("parts", fields.get("contents", fields.get("text"))))
    blocks = content if isinstance(content, list) else []
    text = text_of(content)
    marked = _HARNESS_MARK in mapping(fields.get("additional_kwargs"))
    if known == "user" and not text.strip() and any(_is_tool_block(block) for block in blocks):
        return Message("tool", "")
    return Message(known, text, marked)


def _block_text(block: object) -> str:
    if isinstance(block, str):
        return block
    if not isinstance(block, Mapping) or _is_tool_block(block):
        return ""
    text = block.get("text")
    if isinstance(text, Mapping):
        text = text.get("value")
    if isinstance(text, str):
        return text
    content = block.get("content")
    return content if isinstance(content, str) and block.get("type", "text") == "text" else ""


def _is_tool_block(block: object) -> bool:
    return isinstance(block, Mapping) and (
        block.get("type") in _TOOL_BLOCKS or "functionResponse" in block or "function_response" in block
    )


def _is_pair(turn: Sequence[object]) -> bool:
    return len(turn) == 2 and isinstance(turn[0], str) and turn[0].lower() in _ROLES
