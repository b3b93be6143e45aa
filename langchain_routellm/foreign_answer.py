"""Foreign answer: an answer of another model, cut down to what the side that is called takes."""

from __future__ import annotations

from langchain_core.messages import AIMessage

# What only the model that made it can read or check.
_BOUND = frozenset({"thinking", "redacted_thinking", "reasoning", "reasoning_content"})
_SIGNATURES = ("signature", "thought_signature")

# Providers whose other blocks, of server-side tools or media, are taken by all models of one account.
_SHARING = frozenset({"anthropic", "bedrock", "google"})


def has_only_text(message: AIMessage) -> bool:
    """Return whether an answer holds nothing that only its maker understands."""
    return (
        isinstance(message.content, str)
        and not any(value is not None for value in message.additional_kwargs.values())
        and not str(message.response_metadata.get("id")).startswith("resp_")
        and "output_version" not in message.response_metadata
    )


def without_bound_content(message: AIMessage, provider: str) -> AIMessage | None:
    """Return a sibling model's answer without thinking and signatures; None if nothing is left.

    OpenAI's items refer to one another: one that lost its reasoning is refused, so all that is left of them
    is text and tool calls.
    """
    if provider not in _SHARING:
        return plain_answer(message)
    content: object = message.content
    if isinstance(content, list):
        content = [_unsigned(block) for block in content if _kind(block) not in _BOUND]
    if not content and not message.tool_calls and not message.invalid_tool_calls:
        return None
    kept = {
        name: value
        for name, value in message.additional_kwargs.items()
        if name not in _BOUND and "signature" not in name
    }
    return message.model_copy(update={"content": content, "additional_kwargs": kept})


def plain_answer(message: AIMessage) -> AIMessage | None:
    """Return an answer's text and tool calls alone; None if nothing of it is left.

    Neither ids nor metadata of the answer are kept: ids of a response or of its items are asked for at the
    account that is called.
    """
    text = str(message.text) or refusal_of(message)
    if not text and not message.tool_calls and not message.invalid_tool_calls:
        return None
    record = message.response_metadata.get("routellm")
    return AIMessage(
        content=text,
        name=message.name,
        tool_calls=message.tool_calls,
        invalid_tool_calls=message.invalid_tool_calls,
        usage_metadata=message.usage_metadata,
        response_metadata={"routellm": record} if record else {},
    )


def _kind(block: object) -> object:
    if not isinstance(block, dict):
        return None
    value = block.get("value")
    if block.get("type") == "non_standard" and isinstance(value, dict):
        return value.get("type")
    return block.get("type")


def _unsigned(block: object) -> object:
    if not isinstance(block, dict):
        return block
    extras = block.get("extras")
    signed = any(name in block for name in _SIGNATURES)
    if not signed and not (isinstance(extras, dict) and any(name in extras for name in _SIGNATURES)):
        return block
    kept = {name: value for name, value in block.items() if name not in _SIGNATURES}
    if isinstance(extras, dict):
        kept["extras"] = {name: value for name, value in extras.items() if name not in _SIGNATURES}
    return kept


def refusal_of(message: AIMessage) -> str:
    """Return the refusal that a model gave instead of an answer."""
    blocks = message.content if isinstance(message.content, list) else []
    found = [message.additional_kwargs.get("refusal")]
    found += [block.get("refusal") for block in blocks if isinstance(block, dict)]
    return "\n".join(text for text in found if isinstance(text, str))
