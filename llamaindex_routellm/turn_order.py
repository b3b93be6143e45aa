"""Turn order: a conversation's turns in the order that the provider that is called accepts.

OpenAI and Ollama take roles in any order; Anthropic, Gemini and Mistral do not, and a memory that was cut to
a number of tokens begins anywhere. The strict side is given the same conversation in an order that it takes.
"""

from __future__ import annotations

import json
from collections.abc import Sequence

from llama_index.core.base.llms.types import (
    ChatMessage,
    MessageRole,
    TextBlock,
    ThinkingBlock,
    ToolCallBlock,
)

_ORDERED = frozenset({"anthropic", "bedrock", "google", "mistral"})
_PAIRING = _ORDERED | {"openai"}
_INSTRUCTIONS = (MessageRole.SYSTEM, MessageRole.DEVELOPER)
_RESULTS = (MessageRole.TOOL, MessageRole.FUNCTION)
_ROLES = {MessageRole.CHATBOT: MessageRole.ASSISTANT, MessageRole.MODEL: MessageRole.ASSISTANT}

OPENING = "(The assistant opens the conversation.)"
CONTINUATION = "Please continue."
NO_RESULT = "(The call was interrupted: there is no result.)"
LATE_RESULT = "The result of an earlier tool call:\n"


def ordered(messages: Sequence[ChatMessage], provider: str, *, mixed: bool) -> list[ChatMessage]:
    """Return the messages in an order that the provider accepts.

    Args:
        messages: the conversation.
        provider: whose model is called.
        mixed: whether the pair's other side is another provider's. Only then does a conversation that ends
            with the assistant get a turn of the user: two Claudes both go on writing that answer.
    """
    turns = list(messages)
    if provider not in _ORDERED or not turns:
        return turns
    turns = [_of_known_role(turn) for turn in turns]
    systems = [turn for turn in turns if turn.role in _INSTRUCTIONS]
    turns = [turn for turn in turns if turn.role not in _INSTRUCTIONS and not _is_blank(turn)]
    if not turns or turns[0].role == MessageRole.ASSISTANT:
        turns.insert(0, ChatMessage(OPENING))
    if mixed and turns[-1].role == MessageRole.ASSISTANT and not _calls(turns[-1]):
        turns.append(ChatMessage(CONTINUATION))
    return [*systems, *turns]


def paired(messages: Sequence[ChatMessage], provider: str, *others: str) -> list[ChatMessage]:
    """Return the messages with one result for each tool call, which only some providers require."""
    if provider not in _PAIRING or _PAIRING.issuperset(others):
        return list(messages)
    turns: list[ChatMessage] = []
    waiting: list[str] = []
    for message in messages:
        if message.role in _RESULTS:
            name = str(message.additional_kwargs.get("tool_call_id"))
            if name in waiting:
                waiting.remove(name)
                turns.append(message)
                continue
            message = ChatMessage(LATE_RESULT + (message.content or ""))
        turns += map(_no_result, waiting)
        waiting = [str(call.tool_call_id) for call in _calls(message)]
        turns.append(message)
    return [*turns, *map(_no_result, waiting)]


def spelled_out(messages: Sequence[ChatMessage]) -> list[ChatMessage]:
    """Return the messages with an open tool loop's calls that lack thinking, and their results, as text.

    With thinking enabled, Anthropic refuses a tool call whose turn does not begin with thinking of the model
    that is called. A loop that the other side began, and that a picture or a full window moved here, has
    none.
    """
    if not messages or messages[-1].role not in _RESULTS:
        return list(messages)
    start = max((i for i, turn in enumerate(messages) if turn.role == MessageRole.USER), default=-1)
    names: dict[str, str] = {}
    turns = list(messages[: start + 1])
    for turn in messages[start + 1 :]:
        calls = _calls(turn)
        name = names.get(str(turn.additional_kwargs.get("tool_call_id")))
        if calls and not isinstance(turn.blocks[0], ThinkingBlock):
            names |= {str(call.tool_call_id): call.tool_name for call in calls}
            said = [f"I call {call.tool_name} with {json.dumps(call.tool_kwargs)}." for call in calls]
            text = "\n".join([*filter(None, [turn.content]), *said])
            turns.append(ChatMessage(role=MessageRole.ASSISTANT, content=text))
        elif turn.role in _RESULTS and name is not None:
            label = TextBlock(text=f"{name} returned:")
            turns.append(ChatMessage(role=MessageRole.USER, blocks=[label, *turn.blocks]))
        else:
            turns.append(turn)
    return turns


def _of_known_role(turn: ChatMessage) -> ChatMessage:
    role = _ROLES.get(turn.role, turn.role)
    if role == MessageRole.DEVELOPER:
        role = MessageRole.SYSTEM
    return turn if role == turn.role else turn.model_copy(update={"role": role})


def _calls(turn: ChatMessage) -> list[ToolCallBlock]:
    return [block for block in turn.blocks if isinstance(block, ToolCallBlock)]


def _no_result(name: str) -> ChatMessage:
    return ChatMessage(role=MessageRole.TOOL, content=NO_RESULT, additional_kwargs={"tool_call_id": name})


def _is_blank(turn: ChatMessage) -> bool:
    return turn.role not in _RESULTS and all(
        isinstance(block, TextBlock) and not block.text.strip() for block in turn.blocks
    )
