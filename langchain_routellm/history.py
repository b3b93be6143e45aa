"""History: messages made by one provider's model, said so that the other provider takes them.

Nothing here changes the caller's messages; what needs no change is passed on as the same object.
"""

from __future__ import annotations

import hashlib
import re
from typing import Any

from langchain_core.messages import AIMessage, BaseMessage, ToolMessage

from langchain_routellm.side import Side, family_of

_TOOL_CALL_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")


def history_for(messages: list[BaseMessage], side: Side, other: Side) -> list[BaseMessage]:
    """Return the messages as `side` takes them; the very list where nothing has to change.

    Tool-call ids that a provider would refuse are renamed, the same way everywhere. Where the two sides speak
    different formats, answers of the other one keep their text and tool calls and lose what only their maker
    understands (thinking, server-side tools, signatures), and `cache_control` goes where it is not known.
    """
    if len(messages) == 1 and isinstance(messages[0].content, str):
        return messages
    converted: list[BaseMessage | None] = [_with_plain_ids(message) for message in messages]
    if side.family != other.family:
        converted = [message and _as_taken_by(message, side) for message in converted]
    if all(new is old for new, old in zip(converted, messages, strict=True)):
        return messages
    return [message for message in converted if message is not None]


def _as_taken_by(message: BaseMessage, side: Side) -> BaseMessage | None:
    if isinstance(message, AIMessage) and _is_foreign(message, side):
        return _plain_answer(message)
    if side.family != "anthropic":
        return _without_cache_control(message)
    return message


def _is_foreign(message: AIMessage, side: Side) -> bool:
    provider = message.response_metadata.get("model_provider")
    if isinstance(provider, str):
        return family_of(provider) != side.family
    record = message.response_metadata.get("routellm")
    if isinstance(record, dict):
        return record.get("route") != side.route
    # Of unknown origin: plain text and tool calls are understood by everybody, other blocks may not be.
    return isinstance(message.content, list)


def _plain_answer(message: AIMessage) -> AIMessage | None:
    """Return an answer's text and tool calls alone; None where nothing of it is left."""
    text = str(message.text)
    if not text and not message.tool_calls and not message.invalid_tool_calls:
        return None
    record = message.response_metadata.get("routellm")
    return AIMessage(
        content=text,
        id=message.id,
        name=message.name,
        tool_calls=message.tool_calls,
        invalid_tool_calls=message.invalid_tool_calls,
        usage_metadata=message.usage_metadata,
        response_metadata={"routellm": record} if record else {},
    )


def _without_cache_control(message: BaseMessage) -> BaseMessage:
    if isinstance(message.content, str) or not any(
        isinstance(block, dict) and "cache_control" in block for block in message.content
    ):
        return message
    content = [
        {key: value for key, value in block.items() if key != "cache_control"}
        if isinstance(block, dict)
        else block
        for block in message.content
    ]
    return message.model_copy(update={"content": content})


def _with_plain_ids(message: BaseMessage) -> BaseMessage:
    if isinstance(message, ToolMessage):
        plain = _plain_id(message.tool_call_id)
        return (
            message if plain == message.tool_call_id else message.model_copy(update={"tool_call_id": plain})
        )
    if not isinstance(message, AIMessage):
        return message
    calls = [*message.tool_calls, *message.invalid_tool_calls]
    if all(_plain_id(call["id"]) == call["id"] for call in calls):
        return message
    update: dict[str, Any] = {
        "tool_calls": [{**call, "id": _plain_id(call["id"])} for call in message.tool_calls],
        "invalid_tool_calls": [{**call, "id": _plain_id(call["id"])} for call in message.invalid_tool_calls],
        # Holds the same calls under their old ids.
        "additional_kwargs": {k: v for k, v in message.additional_kwargs.items() if k != "tool_calls"},
    }
    if isinstance(message.content, list):
        update["content"] = [_block_with_plain_id(block) for block in message.content]
    return message.model_copy(update=update)


def _block_with_plain_id(block: str | dict[str, Any]) -> str | dict[str, Any]:
    if isinstance(block, dict) and block.get("type") in ("tool_use", "tool_call") and block.get("id"):
        return {**block, "id": _plain_id(block["id"])}
    return block


def _plain_id(call_id: str | None) -> str | None:
    if call_id is None or _TOOL_CALL_ID.fullmatch(call_id):
        return call_id
    return "call_" + hashlib.blake2b(call_id.encode("utf-8", "surrogatepass"), digest_size=12).hexdigest()
