"""What the server offers: models, what each of them can do, and how it answers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from examples.stand_in.prompt import Prompt
from examples.stand_in.tokens import count_tokens

Provider = Literal["openai", "anthropic"]


@dataclass(frozen=True)
class ToolCall:
    """A tool call that the model makes; without an id the server numbers it."""

    name: str
    arguments: dict[str, Any] = field(default_factory=dict)
    id: str | None = None


@dataclass(frozen=True)
class Answer:
    """One answer: text, tool calls, thinking, and raw provider blocks (or items) before the text."""

    text: str = ""
    tool_calls: tuple[ToolCall, ...] = ()
    thinking: str = ""
    blocks: tuple[dict[str, Any], ...] = ()


Script = str | Answer | Callable[[Prompt], "str | Answer"] | Sequence["str | Answer"]
"""A fixed answer, a function of the prompt, or answers in turn (the last one repeats)."""


@dataclass(frozen=True)
class StandInModel:
    """One model behind the server; what it lacks is refused as the provider would refuse it.

    `provider` follows from the name (`claude...` is Anthropic's) unless given. `latency` is the wait in
    seconds before the first byte, `token_delay` the wait between the chunks of a stream. `fail_with` is
    (HTTP status, how many calls): status 0 drops the connection. `answer` overrides the built-in answers.
    `cached_tokens` overrides the prompt cache's own count. `old_overflow` words a too long prompt as
    gpt-4o and older do, recognisable only by its code (LangChain with openai 3 does not recognise it).
    `embedding_size` above 0 makes it an embedder. `reasoning` makes it one of OpenAI's reasoning models.
    Without `stream_options` it refuses that field, as older and other servers of OpenAI's protocol do.
    Without `prefill`, a conversation must not end with the assistant's own words (Anthropic's newer models).
    """

    name: str
    context_window: int = 128_000
    tools: bool = True
    json_schema: bool = True
    images: bool = True
    audio: bool = False
    chat: bool = True
    provider: Provider | None = None
    latency: float = 0.0
    token_delay: float = 0.0
    fail_with: tuple[int, int] | None = None
    answer: Script | None = None
    cached_tokens: int | None = None
    count_tokens: Callable[[str], int] = count_tokens
    embedding_size: int = 0
    old_overflow: bool = False
    reasoning: bool = False
    prefill: bool = True
    stream_options: bool = True

    @property
    def api(self) -> Provider:
        """The provider whose API serves this model."""
        if self.provider is not None:
            return self.provider
        return "anthropic" if self.name.startswith("claude") else "openai"


DEFAULT_MODELS: tuple[StandInModel, ...] = (
    StandInModel("gpt-strong"),
    StandInModel("gpt-weak", context_window=16_000),
    StandInModel("gpt-4o"),
    StandInModel("gpt-4o-mini"),
    StandInModel("o-strong", context_window=200_000, reasoning=True),
    StandInModel(
        "instruct-weak", context_window=4_096, chat=False, tools=False, json_schema=False, images=False
    ),
    StandInModel("claude-strong", context_window=200_000),
    StandInModel("claude-weak", context_window=200_000),
)

EMBEDDERS: tuple[StandInModel, ...] = (
    StandInModel("text-embedding-3-small", context_window=8_192, embedding_size=1_536),
    StandInModel("text-embedding-3-large", context_window=8_192, embedding_size=3_072),
    StandInModel("text-embedding-ada-002", context_window=8_192, embedding_size=1_536),
)
"""Served beside whatever models are asked for, so that retrieval examples need not list them."""
