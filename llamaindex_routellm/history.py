"""History: a conversation made by one provider's class, in the form that another's accepts.

Models of one class understand their own history, and it stays as it is: a changed history costs other token
counts and misses prompt caches. Nothing here changes the caller's messages; a changed one is a copy.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from typing import Any

from llama_index.core.base.llms.types import (
    CachePoint,
    ChatMessage,
    CitableBlock,
    CitationBlock,
    MessageRole,
    TextBlock,
    ThinkingBlock,
    ToolCallBlock,
)
from llama_index.core.llms import LLM

# What OpenAI and Anthropic both accept.
_VALID_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")

_TOOL_RESULTS = (MessageRole.TOOL, MessageRole.FUNCTION)

# Keys of `additional_kwargs` that only the class that wrote them understands.
_PROVIDER_KEYS = frozenset({"tool_calls", "function_call", "cache_control"})


def history_for(messages: Sequence[ChatMessage], model: LLM) -> list[ChatMessage]:
    """Return the messages as `model` accepts them, whichever class wrote them."""
    ids = _ToolIds()
    keeps_own_blocks = _speaks_anthropic(model)
    converted = []
    for message in messages:
        blocks = _blocks(message, ids, keeps_own_blocks)
        kwargs = {key: value for key, value in message.additional_kwargs.items() if key not in _PROVIDER_KEYS}
        if keeps_own_blocks and "cache_control" in message.additional_kwargs:
            kwargs["cache_control"] = message.additional_kwargs["cache_control"]
        if message.role in _TOOL_RESULTS:
            kwargs["tool_call_id"] = ids.of_result(message.additional_kwargs)
        if blocks or not message.blocks or message.role in _TOOL_RESULTS:
            converted.append(ChatMessage(role=message.role, blocks=blocks, additional_kwargs=kwargs))
    return converted


def _speaks_anthropic(model: LLM) -> bool:
    """Tell whether a model's class keeps signed thinking, citations and cache marks, as Anthropic's do."""
    return any("anthropic" in kind.__module__ or "bedrock" in kind.__module__ for kind in type(model).__mro__)


def _blocks(message: ChatMessage, ids: _ToolIds, keeps_own_blocks: bool) -> list[Any]:
    blocks: list[Any] = []
    calls: list[ToolCallBlock] = []
    for block in message.blocks:
        if isinstance(block, ToolCallBlock):
            calls.append(block)
        elif isinstance(block, ThinkingBlock):
            # Signed thinking is its maker's alone, and its maker takes no unsigned thinking.
            if bool(block.additional_information.get("signature")) == keeps_own_blocks:
                blocks.append(block)
        elif isinstance(block, CitableBlock) and not keeps_own_blocks:
            blocks.extend(block.content)
        elif keeps_own_blocks or not isinstance(block, CachePoint | CitationBlock):
            blocks.append(block)
    if not calls:
        calls = list(_legacy_calls(message))
    if calls and not keeps_own_blocks and not any(isinstance(block, TextBlock) for block in blocks):
        # Ollama's and OpenAI's own messages have a text before their calls, empty or not.
        blocks.append(TextBlock(text=""))
    return blocks + [_call(block, ids) for block in calls]


def _call(block: ToolCallBlock, ids: _ToolIds) -> ToolCallBlock:
    return ToolCallBlock(
        tool_call_id=ids.of_call(block.tool_call_id, block.tool_name),
        tool_name=block.tool_name,
        tool_kwargs=_arguments(block.tool_kwargs),
    )


def _arguments(value: object) -> dict[str, Any]:
    if isinstance(value, str):
        try:
            value = json.loads(value or "{}")
        except ValueError:
            # A stream that was cut off leaves half a JSON text; the call it belongs to was never made.
            return {}
    return value if isinstance(value, dict) else {}


def _legacy_calls(message: ChatMessage) -> Iterable[ToolCallBlock]:
    """Read the tool calls that older versions and other classes keep in `additional_kwargs`."""
    for call in message.additional_kwargs.get("tool_calls") or ():
        function = _item(call, "function")
        source = call if function is None else function
        name = _item(source, "name")
        if name:
            arguments = _item(source, "arguments") or _item(source, "input")
            yield ToolCallBlock(
                tool_call_id=_item(call, "id"), tool_name=str(name), tool_kwargs=_arguments(arguments)
            )


def _item(value: object, key: str) -> Any:
    return value.get(key) if isinstance(value, dict) else getattr(value, key, None)


class _ToolIds:
    """Gives every tool call an id that each provider accepts, and its result the same one.

    A class without ids (Ollama's) names the tool instead, in the result's `tool_call_id`; results of the same
    tool answer its calls in order.
    """

    def __init__(self) -> None:
        self._count = 0
        self._open: list[tuple[set[str], str]] = []

    def of_call(self, given: str | None, name: str) -> str:
        self._count += 1
        chosen = given if given and _VALID_ID.fullmatch(given) else f"call_{self._count}"
        self._open.append(({given} if given else {name, ""}, chosen))
        return chosen

    def of_result(self, kwargs: dict[str, Any]) -> str:
        given = kwargs.get("tool_call_id") or kwargs.get("name") or ""
        for position, (names, chosen) in enumerate(self._open):
            if given in names or not given:
                del self._open[position]
                return chosen
        return given if _VALID_ID.fullmatch(given) else f"call_{self._count}"
