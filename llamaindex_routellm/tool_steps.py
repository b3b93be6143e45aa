"""Tool steps: what an open tool loop has called so far, and the schemas of the tools that there are."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from llama_index.core.base.llms.types import ChatMessage, ChatResponse, MessageRole, ToolCallBlock
from llama_index.core.tools.types import BaseTool, ToolOutput

from routellm_core.routing.tool_loop import ToolStep

# LlamaIndex keeps no mark of a failed tool in a message but how its text begins.
_FAILED = ("Encountered error: ", "Error calling tool")


def tool_steps(messages: Sequence[ChatMessage]) -> list[ToolStep]:
    """Return the calls of the open tool loop, oldest first; none outside of one."""
    if not messages or messages[-1].role != MessageRole.TOOL:
        return []
    begin = max((at for at, message in enumerate(messages) if message.role == MessageRole.USER), default=-1)
    loop = messages[begin + 1 :]
    failed = {
        str(message.additional_kwargs.get("tool_call_id")): (message.content or "").startswith(_FAILED)
        for message in loop
        if message.role == MessageRole.TOOL
    }
    return [
        ToolStep(name, _mapping(arguments), failed.get(str(id)))
        for message in loop
        if message.role == MessageRole.ASSISTANT
        for id, name, arguments in _calls(message)
    ]


def calls_of(answer: object) -> list[ToolStep]:
    """Return the tool calls of a response that nobody has run yet."""
    if not isinstance(answer, ChatResponse):
        return []
    return [ToolStep(name, _mapping(arguments)) for _, name, arguments in _calls(answer.message)]


def calls_run(outputs: Sequence[ToolOutput]) -> list[ToolStep]:
    """Return the tool calls that a method has made and run."""
    return [ToolStep(output.tool_name, _arguments_of(output)) for output in outputs]


def _arguments_of(output: ToolOutput) -> object:
    # Function tools keep positional and keyword arguments apart; a call of a model's has keywords only.
    given = output.raw_input
    return given["kwargs"] if isinstance(given, Mapping) and given.keys() == {"args", "kwargs"} else given


def tool_schemas(tools: Sequence[BaseTool]) -> dict[str, Mapping[str, Any]]:
    """Return tool -> schema of its arguments; empty if a tool has none."""
    try:
        return {str(tool.metadata.name): tool.metadata.get_parameters_dict() for tool in tools}
    except Exception:
        return {}


def _calls(message: ChatMessage) -> Iterator[tuple[object, str, object]]:
    blocks = [block for block in message.blocks if isinstance(block, ToolCallBlock)]
    if blocks:
        yield from ((block.tool_call_id, block.tool_name, block.tool_kwargs) for block in blocks)
        return
    for call in message.additional_kwargs.get("tool_calls") or ():
        function = getattr(call, "function", None)
        if function is not None:
            yield getattr(call, "id", None), str(function.name), function.arguments


def _mapping(arguments: object) -> object:
    if not isinstance(arguments, str):
        return arguments
    try:
        return json.loads(arguments or "{}")
    except (ValueError, RecursionError):
        return arguments
