"""Turn order: a conversation's turns in the order that the provider that is called accepts.

OpenAI and Ollama take roles in any order; Anthropic, Gemini and Mistral do not. A pair of both kinds would
fail or not by what is asked, so the strict side is given the same conversation in an order that it takes.
"""

from __future__ import annotations

from collections.abc import Sequence

from langchain_core.messages import (
    AIMessage,
    BaseMessage,
    ChatMessage,
    HumanMessage,
    SystemMessage,
    ToolMessage,
)

_ORDERED = frozenset({"anthropic", "bedrock", "google", "mistral"})
_PAIRING = _ORDERED | {"openai"}

OPENING = "(The assistant opens the conversation.)"
CONTINUATION = "Please continue."
NO_TEXT = "(no text)"
NO_RESULT = "(The call was interrupted: there is no result.)"
LATE_RESULT = "The result of an earlier tool call:\n"


def ordered(
    messages: list[BaseMessage], provider: str, *, mixed: bool, late_systems: bool
) -> list[BaseMessage]:
    """Return the messages in an order that the provider accepts; the same list if they are.

    Args:
        messages: the conversation.
        provider: whose model is called.
        mixed: whether the pair's other side is another provider's. Only then does a conversation that ends
            with the assistant get a turn of the user: two Claudes both go on writing that answer.
        late_systems: whether the model takes system messages that follow a turn of the user.
    """
    if provider not in _ORDERED or _is_ordered(messages, mixed):
        return messages
    turns: list[BaseMessage] = [_role_message(message) for message in messages]
    if not (late_systems and _systems_in_place(turns)):
        turns = _systems_first(turns)
    turns = [turn for turn in turns[:-1] if not _is_blank(turn)] + [_spoken(turn) for turn in turns[-1:]]
    first = next((i for i, turn in enumerate(turns) if not isinstance(turn, SystemMessage)), len(turns))
    if first == len(turns) or isinstance(turns[first], AIMessage):
        turns.insert(first, HumanMessage(OPENING))
    if mixed and isinstance(turns[-1], AIMessage) and not turns[-1].tool_calls:
        turns.append(HumanMessage(CONTINUATION))
    return turns


def paired(messages: list[BaseMessage], provider: str, *others: str) -> list[BaseMessage]:
    """Return the messages with one result for each tool call, which only some providers require."""
    if provider not in _PAIRING or _PAIRING.issuperset(others):
        return messages
    turns: list[BaseMessage] = []
    waiting: list[str] = []
    for message in messages:
        if isinstance(message, ToolMessage):
            if message.tool_call_id in waiting:
                waiting.remove(message.tool_call_id)
                turns.append(message)
                continue
            message = HumanMessage(LATE_RESULT + str(message.text))
        turns += [ToolMessage(NO_RESULT, tool_call_id=name) for name in waiting]
        waiting = [call["id"] or "" for call in message.tool_calls] if isinstance(message, AIMessage) else []
        turns.append(message)
    turns += [ToolMessage(NO_RESULT, tool_call_id=name) for name in waiting]
    return turns


def _is_ordered(messages: Sequence[BaseMessage], mixed: bool) -> bool:
    before: BaseMessage | None = None
    for message in messages:
        if isinstance(message, ChatMessage) or _is_blank(message):
            return False
        if isinstance(message, SystemMessage):
            if before is not None and not isinstance(before, SystemMessage):
                return False
        elif isinstance(message, AIMessage) and (before is None or isinstance(before, SystemMessage)):
            return False
        before = message
    return isinstance(before, HumanMessage | ToolMessage) or (isinstance(before, AIMessage) and not mixed)


def _role_message(message: BaseMessage) -> BaseMessage:
    """Return a message of a free role as that of its role."""
    if not isinstance(message, ChatMessage):
        return message
    if message.role in ("assistant", "ai", "model"):
        return AIMessage(message.content)
    if message.role in ("system", "developer"):
        return SystemMessage(message.content)
    return HumanMessage(message.content)


def _systems_in_place(turns: Sequence[BaseMessage]) -> bool:
    """Return whether each later system message is where Anthropic's newer models accept one."""
    for before, turn, after in zip(turns, turns[1:], [*turns[2:], None], strict=False):
        if isinstance(turn, SystemMessage) and not isinstance(before, SystemMessage):
            follows = isinstance(before, HumanMessage | ToolMessage)
            if not follows or not (after is None or isinstance(after, AIMessage)):
                return False
    return True


def _systems_first(turns: Sequence[BaseMessage]) -> list[BaseMessage]:
    """Put later system messages after the first ones, as one if they are plain text."""
    systems = [turn for turn in turns if isinstance(turn, SystemMessage)]
    others = [turn for turn in turns if not isinstance(turn, SystemMessage)]
    texts = [turn.content for turn in systems if isinstance(turn.content, str)]
    if len(systems) > 1 and len(texts) == len(systems):
        return [SystemMessage("\n\n".join(texts)), *others]
    return [*systems, *others]


def _is_blank(turn: BaseMessage) -> bool:
    if isinstance(turn, ToolMessage) or (isinstance(turn, AIMessage) and turn.tool_calls):
        return False
    return not (turn.content.strip() if isinstance(turn.content, str) else turn.content)


def _spoken(turn: BaseMessage) -> BaseMessage:
    return HumanMessage(NO_TEXT) if isinstance(turn, HumanMessage) and _is_blank(turn) else turn
