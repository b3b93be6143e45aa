"""Thought: thinking in an answer, marked with the model that thought it, and accepted by that model alone.

LlamaIndex's messages do not name their model, and signatures and reasoning items are refused by any other
model. The mark stays in the history that a memory keeps and goes before a model is called.
"""

from __future__ import annotations

from collections.abc import Sequence

from llama_index.core.base.llms.types import ChatMessage, ContentBlock, ThinkingBlock

from llamaindex_routellm.provider import interchangeable, keeps_own_blocks, provider_of
from llamaindex_routellm.side import Side

MARK = "routellm"


def marked(message: ChatMessage, side: Side) -> ChatMessage:
    """Return an answer with its thinking marked as that side's; the same object if it has none."""
    if not any(isinstance(block, ThinkingBlock) for block in message.blocks):
        return message
    mark = {"route": side.route, "model": side.name}
    blocks: list[ContentBlock] = [
        block.model_copy(update={"additional_information": {**block.additional_information, MARK: mark}})
        if isinstance(block, ThinkingBlock)
        else block
        for block in message.blocks
    ]
    return message.model_copy(update={"blocks": blocks})


def kept_thoughts(blocks: Sequence[ContentBlock], side: Side, *others: Side) -> list[ContentBlock]:
    """Return blocks with the thinking that a side takes, unmarked, and without any other."""
    return [
        _unmarked(block) if isinstance(block, ThinkingBlock) else block
        for block in blocks
        if not isinstance(block, ThinkingBlock) or _is_taken(block, side, *others)
    ]


def _is_taken(block: ThinkingBlock, side: Side, *others: Side) -> bool:
    mark = block.additional_information.get(MARK)
    if isinstance(mark, dict):
        if mark.get("model") != side.name:
            return False
        route = mark.get("route")
        named = [other for other in others if other.route == route] or others
        return route == side.route or all(interchangeable(side, other) for other in named)
    provider = provider_of(type(side.model))
    kin = [other for other in others if provider_of(type(other.model)) == provider]
    if kin:
        # Any of them may have thought it, or none.
        return all(interchangeable(side, other) for other in kin)
    # Signed thinking is Anthropic's, thinking with an id is OpenAI's, and other providers' has neither.
    if keeps_own_blocks(provider):
        return bool(block.additional_information.get("signature"))
    return not block.additional_information.get("signature") and (
        "id" not in block.additional_information or provider == "openai"
    )


def _unmarked(block: ThinkingBlock) -> ThinkingBlock:
    if MARK not in block.additional_information:
        return block
    kept = {name: value for name, value in block.additional_information.items() if name != MARK}
    return block.model_copy(update={"additional_information": kept})
