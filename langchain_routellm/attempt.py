"""Attempt: one model about to be asked, with the decision that chose it."""

from __future__ import annotations

from typing import Any, NamedTuple, TypeVar

from langchain_core.language_models import BaseChatModel, LanguageModelInput
from langchain_core.messages import AIMessage
from langchain_core.runnables import Runnable, RunnableBinding, RunnableConfig

from routellm_core import Decision

RECORD_KEY = "routellm"

A = TypeVar("A", bound=AIMessage)


class Attempt(NamedTuple):
    """What to call for one decision: `runnable.invoke(input, config, **kwargs)` or any of its siblings.

    Attributes:
        decision: chose the model.
        record: the decision as answers carry it.
        runnable: the model, or a binding of it.
        input: the caller's own input, or the messages as this model takes them.
        config: with the decision in it.
        kwargs: what else the model is given.
    """

    decision: Decision
    record: dict[str, Any]
    runnable: Runnable[Any, Any]
    input: LanguageModelInput
    config: RunnableConfig
    kwargs: dict[str, Any]

    def unbound(self) -> tuple[BaseChatModel, dict[str, Any]]:
        """Return the model itself and all arguments, for methods that a binding does not have."""
        if isinstance(self.runnable, RunnableBinding):
            return self.runnable.bound, {**self.runnable.kwargs, **self.kwargs}  # type: ignore[return-value]
        return self.runnable, self.kwargs  # type: ignore[return-value]  # a side's call is a model or its binding


def with_record(message: A, record: dict[str, Any]) -> A:
    """Return a copy of an answer that carries the decision; the original may be in a cache."""
    metadata = {**message.response_metadata, RECORD_KEY: record}
    return message.model_copy(update={"response_metadata": metadata})
