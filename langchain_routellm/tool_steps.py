"""Tool steps: what an open tool loop has called so far, and the schemas of the tools that there are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from langchain_core.messages import AIMessage, BaseMessage, ToolMessage

from langchain_routellm.conversation import newest_human
from routellm_core.routing.tool_loop import ToolStep


def tool_steps(messages: Sequence[BaseMessage]) -> list[ToolStep]:
    """Return the calls of the open tool loop, oldest first; none outside of one."""
    loop = messages[newest_human(messages) + 1 :]
    if not loop or not isinstance(messages[-1], ToolMessage):
        return []
    failed = {
        message.tool_call_id: message.status == "error"
        for message in loop
        if isinstance(message, ToolMessage)
    }
    return [replace(step, failed=failed.get(id)) for message in loop for id, step in _calls(message)]


def calls_of(answer: object) -> list[ToolStep]:
    """Return the tool calls of an answer that nobody has run yet."""
    return [step for _, step in _calls(answer)]


def _calls(message: object) -> list[tuple[str, ToolStep]]:
    if not isinstance(message, AIMessage):
        return []
    calls = [*message.tool_calls, *message.invalid_tool_calls]
    return [(call["id"] or "", ToolStep(call["name"] or "", call["args"])) for call in calls]


def tool_schemas(tools: Any) -> dict[str, Mapping[str, Any]]:
    """Return tool -> schema of its arguments, of tools in OpenAI's format; others are passed over."""
    functions = [tool.get("function") for tool in tools or () if isinstance(tool, Mapping)]
    return {
        str(function["name"]): function.get("parameters") or {}
        for function in functions
        if isinstance(function, Mapping) and "name" in function
    }
