"""Responder: a LlamaIndex LLM as core's judging calls it."""

from __future__ import annotations

from collections.abc import Sequence

from llama_index.core.base.llms.types import ChatMessage, ChatResponse, MessageRole
from llama_index.core.llms import LLM

from llamaindex_routellm.raw_item import item
from llamaindex_routellm.usage import NO_USAGE, usage_of
from routellm_core.preferences.judging.responder import DEFAULT_MAX_TOKENS, Answer, Message, was_cut

_REASONS = ("finish_reason", "stop_reason", "done_reason")


class LlamaIndexResponder:
    """Asks an LLM by its `achat`, which models without a chat endpoint answer by their completions.

    Retries are best left to the judging: a model made with `max_retries=0` fails at once and is tried again
    by one policy, each try in the log.
    """

    def __init__(self, model: LLM, *, name: str, max_tokens: int) -> None:
        self.model = model
        self.name = name
        self.max_tokens = max_tokens

    async def __call__(self, messages: Sequence[Message]) -> Answer:
        """Ask the model once; its errors reach the caller unchanged."""
        return _answer(await self.model.achat(_given(messages)))

    def ask(self, messages: Sequence[Message]) -> Answer:
        """Ask the model once, from any thread, by its `chat`; waits for the answer."""
        return _answer(self.model.chat(_given(messages)))


def _given(messages: Sequence[Message]) -> list[ChatMessage]:
    return [ChatMessage(role=MessageRole(each["role"]), content=each["content"]) for each in messages]


def _answer(response: ChatResponse) -> Answer:
    usage = usage_of(response)
    return Answer(
        text=response.message.content or _refusal(response.raw),
        usage=None if usage == NO_USAGE else usage,
        truncated=was_cut(_reason(response.raw)),
    )


def responder(model: LLM, *, name: str | None = None, max_tokens: int | None = None) -> LlamaIndexResponder:
    """Wrap an LLM for `routellm_core.preferences.judging.judging`.

    Args:
        model: any LLM.
        name: how battles and prices call it; None: the name in the model's metadata.
        max_tokens: the most tokens of one answer, which a cap on spend counts on; None: the model's own
        limit,
            else 1024. It is not sent: set it on the model.

    Raises:
        ValueError: it is no LLM, or it holds no name and none is given.
    """
    if not isinstance(model, LLM):
        raise ValueError(f"model is {type(model).__name__}, expected a LlamaIndex LLM.")
    found = name or model.metadata.model_name
    if not found or found == "unknown":
        raise ValueError(f"{type(model).__name__} has no model name: give name=.")
    limits = (max_tokens, getattr(model, "max_tokens", None))
    limit = next((value for value in limits if isinstance(value, int) and value > 0), DEFAULT_MAX_TOKENS)
    return LlamaIndexResponder(model, name=found, max_tokens=limit)


def _reason(raw: object) -> object:
    """Return why the answer ended, in whichever form the provider reports it."""
    # OpenAI's Responses API gives it for incomplete answers.
    incomplete = item(raw, "incomplete_details")
    if incomplete is not None:
        return item(incomplete, "reason")
    choices = item(raw, "choices")
    source = choices[0] if choices else raw
    return next((reason for name in _REASONS if (reason := item(source, name)) is not None), None)


def _refusal(raw: object) -> str:
    """Return the refusal that the model gave instead of an answer; "" if there is none."""
    choices = item(raw, "choices")
    said = item(item(choices[0], "message"), "refusal") if choices else None
    return said if isinstance(said, str) else ""
