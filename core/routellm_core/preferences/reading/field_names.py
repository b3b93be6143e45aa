"""Field names: what people call the columns of their own tables."""

from __future__ import annotations

from collections.abc import Mapping

PROMPT_NAMES = (
    "prompt",
    "question",
    "query",
    "user_query",
    "user_message",
    "user_input",
    "instruction",
    "input",
    "text",
    "message",
    "content",
    "request",
)

MESSAGES_NAMES = ("messages", "conversation", "conversations", "turns", "chat", "dialogue")

ANSWER_NAMES = ("answer", "output", "response", "completion", "reply", "assistant_message", "assistant")

MODEL_NAMES = ("model", "model_name", "model_id", "llm", "deployment", "engine")

INPUT_NAMES = ("input_tokens", "prompt_tokens", "tokens_in", "tokens_input", "in_tokens", "n_input_tokens")

OUTPUT_NAMES = ("output_tokens", "completion_tokens", "tokens_out", "tokens_output", "out_tokens")

CACHED_NAMES = (
    "cached_tokens",
    "cached_input_tokens",
    "input_cached_tokens",
    "cache_read_tokens",
    "cached_input",
)

CONVERSATION_NAMES = ("conversation_id", "session_id", "thread_id", "chat_id", "session")

TIME_NAMES = ("time", "timestamp", "created_at", "date", "start_time", "created", "datetime", "starttime")

ERROR_NAMES = ("error", "error_message", "exception")

KNOWN_COLUMNS = frozenset(
    (
        *PROMPT_NAMES,
        *MESSAGES_NAMES,
        *ANSWER_NAMES,
        *MODEL_NAMES,
        *INPUT_NAMES,
        *OUTPUT_NAMES,
        "model_a",
        "model_b",
        "winner",
        "scores",
    )
)
"""Names that distinguish a table from plain lines that happen to hold commas."""


def plain_name(name: str) -> str:
    """Return a column's name in lower case, with "_" for spaces and hyphens."""
    return name.strip().lower().replace(" ", "_").replace("-", "_")


def named_field(values: Mapping[str, object], names: tuple[str, ...]) -> str | None:
    """Return the row's own name for the first of these fields that it has; None if it has none."""
    for name in names:
        if name in values:
            return name
    theirs = {plain_name(name): name for name in values}
    return next((theirs[name] for name in names if name in theirs), None)
