"""Model arguments: arguments of a call, bound to the model inside of a chain, which passes none on to it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from langchain_core.language_models import BaseChatModel
from langchain_core.runnables import (
    Runnable,
    RunnableBinding,
    RunnableParallel,
    RunnableSequence,
    RunnableWithFallbacks,
)
from langchain_core.runnables.retry import RunnableRetry

from langchain_routellm.wrapped_models import ChosenByConfig


def with_arguments(chain: Runnable[Any, Any], arguments: Mapping[str, Any]) -> Runnable[Any, Any]:
    """Return a chain that begins with a model, with the arguments bound to that model.

    Args:
        chain: a model, a binding of one, a sequence that begins with one or a parallel step that holds one;
            with fallbacks and retries, or without.
        arguments: as the model's methods take them; if there are none, the chain itself is returned.
    """
    if not arguments:
        return chain
    if isinstance(chain, RunnableSequence):
        return chain.model_copy(update={"first": with_arguments(chain.first, arguments)})
    if isinstance(chain, RunnableParallel):
        steps = {name: with_arguments(step, arguments) for name, step in chain.steps__.items()}
        return chain.model_copy(update={"steps__": steps})
    if isinstance(chain, BaseChatModel | RunnableBinding):
        return chain.bind(**arguments)
    if isinstance(chain, RunnableRetry):
        return chain.model_copy(update={"bound": with_arguments(chain.bound, arguments)})
    if isinstance(chain, RunnableWithFallbacks):
        first, *others = (with_arguments(each, arguments) for each in chain.runnables)
        return chain.model_copy(update={"runnable": first, "fallbacks": others})
    if isinstance(chain, ChosenByConfig):
        changed = chain.change
        return ChosenByConfig(chain.configurable, lambda model: with_arguments(changed(model), arguments))
    return chain
