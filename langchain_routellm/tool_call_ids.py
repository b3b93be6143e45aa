"""Tool call ids: ids of tool calls that every provider takes, the same for a call and its result."""

from __future__ import annotations

import hashlib
import re
from typing import Any

from langchain_core.messages import AIMessage, BaseMessage, ToolMessage

_TOOL_CALL_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")


def with_plain_ids(message: BaseMessage) -> BaseMessage:
    """Return a message with ids that a provider would refuse renamed; the same object if none is."""
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
