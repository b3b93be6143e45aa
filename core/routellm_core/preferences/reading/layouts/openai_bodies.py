"""OpenAI bodies: what requests and answers of chat completions, Responses and Anthropic's Messages say."""

from __future__ import annotations

from collections.abc import Mapping

from routellm_core.preferences.reading.layouts.layout import Values, objects, with_usage
from routellm_core.preferences.reading.logged_call import CallKind, RawCall
from routellm_core.preferences.reading.messages import Message, messages_of, text_of
from routellm_core.preferences.reading.nested import first, mapping, unpacked, word

_EMBEDDING_MODELS = ("text-embedding", "embed", "text-similarity", "voyage-")


def call_of_bodies(request: Values, response: object, **known: str | float | None) -> RawCall:
    """Return the call that a request and its answer make.

    Args:
        request: the body that was sent.
        response: the body that came back; maybe JSON in a string, a text, or None.
        known: other fields of `RawCall`.
    """
    answered = mapping(response)
    model = word(answered.get("model")) or word(request.get("model"))
    call = RawCall(
        messages=request_messages(request),
        answer=answer_of(response),
        model=model,
        kind=_kind(request, answered, model),
        conversation=word(first(request, "conversation.id", "conversation", "metadata.thread_id")),
        **{name: value for name, value in known.items() if value is not None},  # type: ignore[arg-type]
    )
    return with_usage(call, answered.get("usage"), answered.get("usageMetadata"), request.get("usage"))


def request_messages(request: Values) -> list[Message] | None:
    """Return the turns that a request holds."""
    turns: list[Message] = []
    for name in ("system", "instructions"):
        text = text_of(unpacked(request.get(name)))
        turns += [Message("system", text)] if text else []
    for name in ("messages", "input", "contents", "prompt"):
        found = messages_of(request.get(name)) if name in request else None
        if found:
            return turns + found
    return None


def answer_of(response: object) -> str | None:
    """Return the text of an answer; None if it is not kept or calls tools alone."""
    found = unpacked(response)
    if isinstance(found, str):
        return found or None
    if isinstance(found, list):
        found = {"output": found}
    if not isinstance(found, Mapping):
        return None
    message = first(found, "choices.0.message", "message", "candidates.0.content")
    if isinstance(message, Mapping):
        return text_of(message.get("content", message.get("parts"))) or None
    for name in ("output_text", "content", "text", "completion", "answer", "generated_text"):
        text = text_of(found.get(name))
        if text:
            return text
    plain = word(first(found, "choices.0.text"))
    if plain:
        return plain
    texts = [
        text_of(item.get("content"))
        for item in objects(found.get("output"))
        if item.get("type", "message") == "message"
    ]
    joined = "\n".join(text for text in texts if text)
    return joined or (word(found.get("output")) if isinstance(found.get("output"), str) else None)


def is_embedding(model: str | None) -> bool:
    """Return whether a model's name is that of one that embeds."""
    return model is not None and any(part in model.lower() for part in _EMBEDDING_MODELS)


def _kind(request: Values, answered: Values, model: str | None) -> CallKind | None:
    if has_error(answered):
        return "error"
    if is_embedding(model) or first(answered, "data.0.embedding") is not None:
        return "embedding"
    return None


def has_error(answered: Values) -> bool:
    """Return whether an answer is an error's."""
    return answered.get("error") not in (None, "", {}) and "choices" not in answered
