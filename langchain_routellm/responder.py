"""Responder: a LangChain chat model as core's judging calls it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, SystemMessage
from langchain_core.runnables import Runnable, RunnableBinding

from langchain_routellm.foreign_answer import refusal_of
from langchain_routellm.usage import usage_of
from routellm_core.preferences.judging.responder import DEFAULT_MAX_TOKENS, Answer, Message, was_cut

_KINDS = {"system": SystemMessage, "user": HumanMessage, "assistant": AIMessage}
_REASONS = ("finish_reason", "stop_reason", "done_reason")
_NAMES = ("model_name", "model", "model_id", "deployment_name")
_LIMITS = ("max_tokens", "max_output_tokens", "num_predict")


class LangChainResponder:
    """Asks a chat model, with its own cache, limiter and callbacks.

    Retries are best left to the judging: a model made with `max_retries=0` fails at once and is tried again
    by one policy, each try in the log.
    """

    def __init__(self, model: Runnable[Any, Any], *, name: str, max_tokens: int) -> None:
        self.model = model
        self.name = name
        self.max_tokens = max_tokens

    async def __call__(self, messages: Sequence[Message]) -> Answer:
        """Ask the model once; its errors reach the caller unchanged."""
        return self._answer(await self.model.ainvoke(_given(messages)))

    def ask(self, messages: Sequence[Message]) -> Answer:
        """Ask the model once, from any thread; waits for the answer."""
        return self._answer(self.model.invoke(_given(messages)))

    def _answer(self, reply: object) -> Answer:
        if not isinstance(reply, AIMessage):
            raise TypeError(f"{self.name} returned {type(reply).__name__}, expected a message.")
        return Answer(
            text=str(reply.text) or refusal_of(reply),
            # Without metadata nobody counted; a cached answer has it, and costs nothing.
            usage=usage_of(reply.usage_metadata) if reply.usage_metadata else None,
            truncated=was_cut(_reason(reply.response_metadata)),
        )


def _given(messages: Sequence[Message]) -> list[BaseMessage]:
    return [_KINDS[message["role"]](message["content"]) for message in messages]


def responder(
    model: Runnable[Any, Any], *, name: str | None = None, max_tokens: int | None = None
) -> LangChainResponder:
    """Wrap a chat model for `routellm_core.preferences.judging.judging`.

    Args:
        model: any chat model, plain or bound (`model.bind(...)`, `model.with_config(...)`).
        name: how battles and prices call it; None: the name that the model itself holds.
        max_tokens: the most tokens of one answer, which a cap on spend counts on; None: the model's own
        limit,
            else 1024. It is not sent: set it on the model.

    Raises:
        ValueError: it is no chat model, or it holds no name and none is given.
    """
    inner: Runnable[Any, Any] = model
    while isinstance(inner, RunnableBinding):
        inner = inner.bound
    if not isinstance(inner, BaseChatModel):
        raise ValueError(f"model is {type(model).__name__}, expected a LangChain chat model.")
    found = name or next((value for field in _NAMES if (value := getattr(inner, field, None))), None)
    if not isinstance(found, str):
        raise ValueError(f"{type(inner).__name__} has no model name: give name=.")
    limits = (max_tokens, *(getattr(inner, field, None) for field in _LIMITS))
    limit = next((value for value in limits if isinstance(value, int) and value > 0), DEFAULT_MAX_TOKENS)
    return LangChainResponder(model, name=found, max_tokens=limit)


def _reason(metadata: Mapping[str, Any]) -> object:
    """Return why the answer ended, in whichever form the provider reports it."""
    # OpenAI's Responses API gives it for incomplete answers.
    incomplete = metadata.get("incomplete_details")
    if isinstance(incomplete, Mapping):
        return incomplete.get("reason")
    return next((reason for name in _REASONS if (reason := metadata.get(name)) is not None), None)
