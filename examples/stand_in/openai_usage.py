"""Token counts as OpenAI reports them, and its refusal of prompts that are too long."""

from __future__ import annotations

import json
from typing import Any

from examples.stand_in.model import StandInModel
from examples.stand_in.openai_fields import invalid
from examples.stand_in.prompt import Prompt
from examples.stand_in.service import Service

_PER_MESSAGE = 3


def count_prompt(service: Service, model: StandInModel, prompt: Prompt, limit: int | None) -> tuple[int, int]:
    """How many tokens the prompt has, and how many of them were cached; too many are refused."""
    parts = [json.dumps([tool.schema, tool.name, tool.description]) for tool in prompt.tools]
    parts += [turn.text for turn in prompt.turns]
    counts = [model.count_tokens(part) + _PER_MESSAGE for part in parts]
    tokens = sum(counts)
    check_window(model, tokens, limit)
    cached = service.cache.read(model.name, parts, counts)
    return tokens, min(tokens, cached if model.cached_tokens is None else model.cached_tokens)


def check_window(model: StandInModel, tokens: int, limit: int | None) -> None:
    """Refuse a prompt that, with the completion asked for, is longer than the context window."""
    window = model.context_window
    if tokens + (limit or 0) <= window:
        return
    text = f"This model's maximum context length is {window} tokens. However, "
    if (limit is None or tokens > window) and not model.old_overflow:
        text = (
            f"Input tokens exceed the configured limit of {window} tokens. Your messages resulted in {tokens}"
        )
        text += " tokens. Please reduce the length of the messages."
    elif limit is None or tokens > window:
        text += f"your messages resulted in {tokens} tokens. Please reduce the length of the messages."
    else:
        text += (
            f"you requested {tokens + limit} tokens ({tokens} in the messages, {limit} in the completion)."
        )
        text += " Please reduce the length of the messages or completion."
    invalid(text, "messages", "context_length_exceeded")


def usage_of(prompt: int, cached: int, completion: int, reasoning: int = 0) -> dict[str, Any]:
    """The usage object."""
    return {
        "prompt_tokens": prompt,
        "completion_tokens": completion,
        "total_tokens": prompt + completion,
        "prompt_tokens_details": {"cached_tokens": cached, "audio_tokens": 0},
        "completion_tokens_details": {
            "reasoning_tokens": reasoning,
            "audio_tokens": 0,
            "accepted_prediction_tokens": 0,
            "rejected_prediction_tokens": 0,
        },
    }
