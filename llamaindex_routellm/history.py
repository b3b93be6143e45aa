"""History: a conversation in the form that the called side accepts, whichever model answered before.

Models of one class understand their own history, and all of it that is not bound to one model stays as it is:
a changed history costs other token counts and misses prompt caches. Nothing here changes the caller's
messages; a changed one is a copy.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any

from llama_index.core.base.llms.types import (
    CachePoint,
    ChatMessage,
    CitableBlock,
    CitationBlock,
    ContentBlock,
    MessageRole,
    TextBlock,
    ThinkingBlock,
    ToolCallBlock,
)

from llamaindex_routellm.provider import keeps_own_blocks, provider_of
from llamaindex_routellm.raw_item import item
from llamaindex_routellm.side import Side
from llamaindex_routellm.thought import kept_thoughts
from llamaindex_routellm.tool_call_ids import ToolCallIds
from llamaindex_routellm.turn_order import ordered, paired, spelled_out

_TOOL_RESULTS = (MessageRole.TOOL, MessageRole.FUNCTION)

# Keys of `additional_kwargs` that only the class that wrote them understands.
_PROVIDER_KEYS = frozenset({"tool_calls", "function_call", "cache_control"})


def history_for(messages: Sequence[ChatMessage], side: Side, *others: Side) -> Sequence[ChatMessage]:
    """Return the messages in the form that `side` accepts; the same objects if nothing changes.

    Thinking stays with the model that thought it. Where the sides are of two classes, what only one of them
    writes is rewritten for the other, and the turns are put in the order that the side's provider accepts.
    """
    if len(messages) == 1 and _is_spoken(messages[0]):
        return messages
    kind, provider = type(side.model), provider_of(type(side.model))
    providers = [provider_of(type(other.model)) for other in others]
    if all(kind is type(other.model) for other in others):
        turns = _of_one_class(messages, side, *others)
    else:
        turns = _of_two_classes(messages, side, *others)
        turns = paired(turns, provider, *providers)
    turns = ordered(turns, provider, mixed=any(each != provider for each in providers))
    if provider == "anthropic" and _asks_for_thinking(side):
        turns = spelled_out(turns)
    if len(turns) == len(messages) and all(new is old for new, old in zip(turns, messages, strict=True)):
        return messages
    return turns


def _is_spoken(message: ChatMessage) -> bool:
    """Return whether a message is a user's text, of which every provider takes one alone."""
    return (
        message.role == MessageRole.USER
        and not message.additional_kwargs
        and len(message.blocks) == 1
        and type(message.blocks[0]) is TextBlock
        and bool(message.blocks[0].text.strip())
    )


def _asks_for_thinking(side: Side) -> bool:
    """Return whether a Claude is called with thinking enabled."""
    thinking = getattr(side.model, "thinking_dict", None)
    return isinstance(thinking, dict) and thinking.get("type") == "enabled"


def _of_one_class(messages: Sequence[ChatMessage], side: Side, *others: Side) -> list[ChatMessage]:
    turns = ((_unmarked(message, side, *others), message) for message in messages)
    # A turn of nothing but the other's thinking has nothing left to say.
    return [turn for turn, message in turns if turn is message or turn.blocks]


def _thinks(message: ChatMessage) -> bool:
    return any(isinstance(block, ThinkingBlock) for block in message.blocks)


def _unmarked(message: ChatMessage, side: Side, *others: Side) -> ChatMessage:
    """Return a message with the thinking that the side takes; the very message if it has none."""
    if not _thinks(message):
        return message
    blocks, kwargs = kept_thoughts(message.blocks, side, *others), message.additional_kwargs
    if "tool_calls" in kwargs and len(blocks) < len(message.blocks):
        # Calls in a provider's own form refer to the reasoning that is gone.
        if not any(isinstance(block, ToolCallBlock) for block in blocks):
            blocks += _legacy_calls(message)
        kwargs = {name: value for name, value in kwargs.items() if name != "tool_calls"}
    return message.model_copy(update={"blocks": blocks, "additional_kwargs": kwargs})


def _of_two_classes(messages: Sequence[ChatMessage], side: Side, *others: Side) -> list[ChatMessage]:
    ids = ToolCallIds()
    keeps_own = keeps_own_blocks(provider_of(type(side.model)))
    converted = []
    for message in messages:
        blocks = _blocks(kept_thoughts(message.blocks, side, *others), message, ids, keeps_own)
        kwargs = {key: value for key, value in message.additional_kwargs.items() if key not in _PROVIDER_KEYS}
        if keeps_own and "cache_control" in message.additional_kwargs:
            kwargs["cache_control"] = message.additional_kwargs["cache_control"]
        if message.role in _TOOL_RESULTS:
            kwargs["tool_call_id"] = ids.of_result(message.additional_kwargs)
        if blocks or not message.blocks or message.role in _TOOL_RESULTS:
            converted.append(ChatMessage(role=message.role, blocks=blocks, additional_kwargs=kwargs))
    return converted


def _blocks(
    taken: Sequence[ContentBlock], message: ChatMessage, ids: ToolCallIds, keeps_own: bool
) -> list[ContentBlock]:
    blocks: list[ContentBlock] = []
    calls: list[ToolCallBlock] = []
    for block in taken:
        if isinstance(block, ToolCallBlock):
            calls.append(block)
        elif isinstance(block, CitableBlock) and not keeps_own:
            blocks.extend(block.content)
        elif keeps_own or not isinstance(block, CachePoint | CitationBlock):
            blocks.append(block)
    if not calls:
        calls = list(_legacy_calls(message))
    if calls and not keeps_own and not any(isinstance(block, TextBlock) for block in blocks):
        # Ollama's and OpenAI's own messages have a text before their calls, empty or not.
        blocks.append(TextBlock(text=""))
    return [*blocks, *(_call(block, ids) for block in calls)]


def _call(block: ToolCallBlock, ids: ToolCallIds) -> ToolCallBlock:
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
        function = item(call, "function")
        source = call if function is None else function
        name = item(source, "name")
        if name:
            arguments = item(source, "arguments") or item(source, "input")
            yield ToolCallBlock(
                tool_call_id=item(call, "call_id") or item(call, "id"),
                tool_name=str(name),
                tool_kwargs=_arguments(arguments),
            )
