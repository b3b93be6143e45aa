"""Serialization: a RouteLLM as plain values, without keys, and back.

LlamaIndex's own loader knows a few classes only and shows keys in clear text; here the class of each model is
found by its `class_name`, and keys are left out, to be read from the environment again.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterator, Mapping
from typing import Any

from llama_index.core.llms import LLM

from routellm_core.loading import load_router
from routellm_core.redaction import without_secrets
from routellm_core.router import Router
from routellm_core.settings import RouterGiven

_CLASSES: dict[str, str] = {
    "Anthropic_LLM": "llama_index.llms.anthropic:Anthropic",
    "MockLLM": "llama_index.core.llms.mock:MockLLM",
    "Ollama_llm": "llama_index.llms.ollama:Ollama",
    "OpenAILike": "llama_index.llms.openai_like:OpenAILike",
    "azure_openai_llm": "llama_index.llms.azure_openai:AzureOpenAI",
    "openai_llm": "llama_index.llms.openai:OpenAI",
    "openai_responses_llm": "llama_index.llms.openai:OpenAIResponses",
}
"""class_name -> "module:Class" of models that may not have been imported yet."""


def router_name(router: Router, given: RouterGiven) -> str:
    """Return what a router is loaded again by: the name or folder it was given by, else its own name."""
    return router.name if isinstance(given, Router) else str(given)


def restored_model(value: object, side: str) -> object:
    """Return a model from what `to_dict` made of it; a model object stays as it is.

    Raises:
        ValueError: its class is not known here; the message says what to do.
    """
    if not isinstance(value, Mapping):
        return value
    name = str(value.get("class_name"))
    found = _model_class(name)
    if found is None:
        raise ValueError(
            f"{side} is of the class {name!r}, which is not known here: import the class first, or give the "
            f"model itself with from_dict(data, {side}=...)."
        )
    return found.from_dict({key: item for key, item in value.items() if item is not None})


def restored_router(name: str) -> Router:
    """Return the router that a name stands for.

    Raises:
        ValueError: it can't be loaded by its name; the message says what to do.
    """
    try:
        return load_router(name)
    except (TypeError, ValueError) as error:
        raise ValueError(
            f"router is {without_secrets(name)!r}, which can't be loaded by that name ({error}): give the "
            "router itself with from_dict(data, router=...)."
        ) from error


def _model_class(name: str) -> type[LLM] | None:
    loaded = [kind for kind in _descendants(LLM) if kind.class_name() == name]
    # Several classes may share a name; the one that the name belongs to is the least derived.
    exact = [kind for kind in loaded if f"{kind.__module__}:{kind.__name__}".startswith(_module_of(name))]
    if exact or loaded:
        return (exact or loaded)[0]
    if name not in _CLASSES:
        return None
    module, _, attribute = _CLASSES[name].partition(":")
    try:
        found: type[LLM] = getattr(importlib.import_module(module), attribute)
    except ImportError:
        return None
    return found


def _module_of(name: str) -> str:
    return _CLASSES[name].partition(":")[0] if name in _CLASSES else "\0"


def _descendants(kind: type[Any]) -> Iterator[type[Any]]:
    for child in kind.__subclasses__():
        yield child
        yield from _descendants(child)
