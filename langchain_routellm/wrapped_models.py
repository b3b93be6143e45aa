"""Wrapped models: the chat models inside of `with_fallbacks`, `with_retry` and configurable models."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from typing import Any

from langchain_core.language_models import BaseChatModel
from langchain_core.runnables import Runnable, RunnableBinding, RunnableConfig, RunnableWithFallbacks
from langchain_core.runnables.configurable import DynamicRunnable
from langchain_core.runnables.retry import RunnableRetry
from typing_extensions import override

Change = Callable[[BaseChatModel, Mapping[str, Any]], Runnable[Any, Any]]
"""Given a chat model and the arguments bound to it, returns what takes its place, with them bound."""


class ChosenByConfig(Runnable[Any, Any]):
    """A change of a configurable model, made at each call of the model that its configuration chooses.

    Attributes:
        configurable: the model as the user gave it.
        change: takes the chosen model.
    """

    def __init__(
        self,
        configurable: Runnable[Any, Any],
        change: Callable[[Runnable[Any, Any]], Runnable[Any, Any]],
    ) -> None:
        self.configurable = configurable
        self.change = change

    def chosen(self, config: RunnableConfig | None) -> tuple[Runnable[Any, Any], RunnableConfig | None]:
        """Return what to call under a configuration, and with which one."""
        model, rest = chosen(self.configurable, config)
        return self.change(model), rest

    @override
    def invoke(self, input: Any, config: RunnableConfig | None = None, **kwargs: Any) -> Any:
        model, rest = self.chosen(config)
        return model.invoke(input, rest, **kwargs)

    @override
    async def ainvoke(self, input: Any, config: RunnableConfig | None = None, **kwargs: Any) -> Any:
        model, rest = self.chosen(config)
        return await model.ainvoke(input, rest, **kwargs)

    @override
    def stream(self, input: Any, config: RunnableConfig | None = None, **kwargs: Any) -> Iterator[Any]:
        model, rest = self.chosen(config)
        yield from model.stream(input, rest, **kwargs)

    @override
    async def astream(
        self, input: Any, config: RunnableConfig | None = None, **kwargs: Any
    ) -> AsyncIterator[Any]:
        model, rest = self.chosen(config)
        async for part in model.astream(input, rest, **kwargs):
            yield part


def is_configurable(value: object) -> bool:
    """Return whether a call's configuration chooses the model or its fields."""
    # The second is langchain's own configurable model, whose class is not public.
    return isinstance(value, DynamicRunnable | ChosenByConfig) or hasattr(type(value), "_model_params")


def is_wrapped(value: object) -> bool:
    """Return whether a value is one of the wrappers that this module looks into."""
    return isinstance(value, RunnableRetry | RunnableWithFallbacks) or is_configurable(value)


def chosen(
    configurable: Any, config: RunnableConfig | None
) -> tuple[Runnable[Any, Any], RunnableConfig | None]:
    """Return the model that a configurable one stands for under a configuration, and what is left of that."""
    if isinstance(configurable, ChosenByConfig):
        return configurable.chosen(config)
    if isinstance(configurable, DynamicRunnable):
        return configurable.prepare(config)
    return configurable._model(config), config


def first_model(value: object) -> BaseChatModel | None:
    """Return the chat model that is asked first by default; None if something inside is no chat model."""
    if isinstance(value, BaseChatModel):
        return value
    if isinstance(value, RunnableBinding | RunnableRetry):
        return first_model(value.bound)
    if isinstance(value, RunnableWithFallbacks):
        models = [first_model(each) for each in value.runnables]
        return models[0] if all(models) else None
    if is_configurable(value):
        try:
            return first_model(chosen(value, None)[0])
        except Exception:  # without a default model, langchain says so in several ways
            return None
    return None


def mapped(
    value: Runnable[Any, Any], change: Change, kwargs: Mapping[str, Any] | None = None
) -> Runnable[Any, Any]:
    """Return the same wrapping around changed models; fallbacks stay fallbacks, and retries retries.

    Args:
        value: a chat model, a binding of one, or a wrapper around them.
        change: makes what takes a model's place.
        kwargs: arguments that are bound outside of it.
    """
    arguments = dict(kwargs or {})
    if isinstance(value, BaseChatModel):
        return change(value, arguments)
    if isinstance(value, RunnableRetry):
        return value.model_copy(update={"bound": mapped(value.bound, change, arguments)})
    if isinstance(value, RunnableBinding):
        inner = mapped(value.bound, change, {**value.kwargs, **arguments})
        return inner.with_config(value.config) if value.config else inner
    if isinstance(value, RunnableWithFallbacks):
        first, *others = (mapped(each, change, arguments) for each in value.runnables)
        return value.model_copy(update={"runnable": first, "fallbacks": others})
    return ChosenByConfig(value, lambda model: mapped(model, change, arguments))
