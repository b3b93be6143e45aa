"""Given content: human, system and tool messages, in blocks that the called provider accepts."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from langchain_core.messages import BaseMessage, HumanMessage, ToolMessage

Block = str | dict[Any, Any]
"""A part of a message, as the host types it."""

_DROPPED = frozenset({"cachePoint", "cache_point", "guardContent"})
# Anthropic's own forms of media, which LangChain's standard blocks say for everybody.
_ANTHROPIC_MEDIA = frozenset({"document", "image"})


def taken_content(message: BaseMessage, provider: str, *, responses: bool) -> BaseMessage:
    """Return a message with its blocks in a form that the provider accepts; the same object if unchanged.

    Args:
        message: any but an answer.
        provider: whose model is called.
        responses: whether it is called by OpenAI's Responses API.
    """
    if not isinstance(message.content, list):
        return message
    blocks: list[Block] = message.content
    taken = [_taken(block, provider, responses) for block in blocks]
    if all(new is old for new, old in zip(taken, blocks, strict=True)):
        return message
    return message.model_copy(update={"content": [block for block in taken if block is not None]})


def without_media(results: Iterable[ToolMessage]) -> tuple[list[BaseMessage], list[Block]]:
    """Return tool results with text alone, as OpenAI's chat takes them, and the media that they held."""
    texts: list[BaseMessage] = []
    media: list[Block] = []
    for result in results:
        found = [block for block in result.content if _is_medium(block)]
        if found:
            kept = [block for block in result.content if not _is_medium(block)]
            result = result.model_copy(update={"content": kept or "See the next message."})
            media += found
        texts.append(result)
    return texts, media


def media_message(media: list[Block]) -> HumanMessage:
    """Return media that tools gave as a message of the user, which is where OpenAI's chat takes them."""
    return HumanMessage([{"type": "text", "text": "What the tools returned:"}, *media])


def _is_medium(block: object) -> bool:
    return isinstance(block, dict) and block.get("type") not in ("text", None)


def _taken(block: object, provider: str, responses: bool) -> object:
    if not isinstance(block, dict):
        return block
    kind = block.get("type")
    if kind is None and isinstance(block.get("text"), str):
        return {"type": "text", **block}
    if kind == "file" and "file" in block and provider != "openai":
        return _standard(block)
    if provider == "anthropic":
        return _of_responses(block, kind)
    if kind in _DROPPED and provider != "bedrock":
        return None
    if "cache_control" in block:
        block = {name: value for name, value in block.items() if name != "cache_control"}
    if kind == "search_result":
        return {"type": "text", "text": _texts(block.get("content"))}
    if kind in _ANTHROPIC_MEDIA and "source" in block:
        return _standard(block)
    return block if responses else _of_responses(block, kind)


def _of_responses(block: dict[str, Any], kind: Any) -> dict[str, Any]:
    """Translate a block of the Responses API into the common form."""
    if kind == "input_text":
        return {"type": "text", "text": block.get("text", "")}
    if kind == "input_image" and isinstance(block.get("image_url"), str):
        return {"type": "image_url", "image_url": {"url": block["image_url"]}}
    if kind == "custom_tool_call_output":
        output = block.get("output") or ""
        return {"type": "text", "text": output if isinstance(output, str) else json.dumps(output)}
    return block


def _standard(block: dict[str, Any]) -> Any:
    """Convert a provider's own image or document to LangChain's standard form."""
    found = HumanMessage([block]).content_blocks
    known = [each for each in found if each["type"] != "non_standard"]
    return known[0] if known else block


def _texts(content: object) -> str:
    if isinstance(content, str):
        return content
    parts = content if isinstance(content, Iterable) else ()
    return "\n".join(str(part.get("text", "")) for part in parts if isinstance(part, dict))
