"""Thinking loop: an open tool loop that began without thinking, for a Claude that asks for it.

With thinking enabled, Anthropic refuses a tool call whose turn does not begin with thinking of the model that
is called. A loop that the other side began, and that a picture or a full window moved here, has none.
"""

from __future__ import annotations

import json
from typing import Any

from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, ToolMessage

from langchain_routellm.side import Side

_THINKING = frozenset({"thinking", "redacted_thinking", "reasoning"})


def asks_for_thinking(side: Side) -> bool:
    """Return whether a Claude is called with thinking enabled."""
    thinking = side.kwargs.get("thinking", getattr(side.lead, "thinking", None))
    return isinstance(thinking, dict) and thinking.get("type") == "enabled"


def spelled_out(messages: list[BaseMessage]) -> list[BaseMessage]:
    """Return the messages with an open loop's calls that lack thinking, and their results, as text."""
    if not messages or not isinstance(messages[-1], ToolMessage):
        return messages
    start = max(
        (index for index, message in enumerate(messages) if isinstance(message, HumanMessage)), default=-1
    )
    names: dict[str, str] = {}
    turns: list[BaseMessage] = list(messages[: start + 1])
    for message in messages[start + 1 :]:
        if isinstance(message, AIMessage) and message.tool_calls and not _begins_with_thinking(message):
            names |= {call["id"] or "": call["name"] for call in message.tool_calls}
            turns.append(AIMessage(_said_calls(message)))
        elif isinstance(message, ToolMessage) and message.tool_call_id in names:
            turns.append(HumanMessage(_said_result(message, names[message.tool_call_id])))
        else:
            turns.append(message)
    return turns if names else messages


def _begins_with_thinking(message: AIMessage) -> bool:
    first: object = message.content[0] if isinstance(message.content, list) and message.content else None
    return isinstance(first, dict) and first.get("type") in _THINKING


def _said_calls(message: AIMessage) -> str:
    calls = [f"I call {call['name']} with {json.dumps(call['args'])}." for call in message.tool_calls]
    return "\n".join([*filter(None, [str(message.text)]), *calls])


def _said_result(message: ToolMessage, name: str) -> str | list[str | dict[Any, Any]]:
    label = f"{name} returned:"
    if isinstance(message.content, str):
        return f"{label}\n{message.content}"
    return [{"type": "text", "text": label}, *message.content]
