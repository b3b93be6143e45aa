"""Serialization: a RouteLLM as plain values, without keys, and back.

LlamaIndex's own loader knows a few classes only and shows keys in clear text; here the class of each model is
found by its `class_name`, and keys are left out, to be read from the environment again.
"""

from __future__ import annotations

import importlib
import re
from collections.abc import Iterator, Mapping
from typing import Any

from llama_index.core.llms import LLM
from llama_index.core.schema import BaseComponent

from routellm_core.checkpoints.hosts import HUB, allowed_hosts, host_of, is_allowed
from routellm_core.checkpoints.redaction import is_secret, without_secrets
from routellm_core.loading import is_fetched, load_router
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


_PROVIDERS = frozenset({"api.anthropic.com", "api.openai.com"})
"""Hosts that a model may name without being asked: where its class sends requests anyway."""

_ADDRESS_WORDS = frozenset({"address", "base", "endpoint", "host", "proxy", "server", "uri", "url"})
"""A setting whose name ends in one of these is an address, even without a scheme, which some clients add."""

_WORD = re.compile(r"[A-Za-z][a-z]*")

_ADDRESS = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://\S*")


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
    if found is not None:
        _check_names(value, found, side)
        _check_addresses(value, found, side)
    if found is None:
        raise ValueError(
            f"{side} is of the class {name!r}, which is not known here: import the class first, or give the "
            f"model itself with from_dict(data, {side}=...)."
        )
    return found.from_dict({key: item for key, item in value.items() if item is not None})


def _check_names(value: Mapping[str, Any], kind: type[LLM], side: str) -> None:
    """Refuse what `to_dict` never writes: a key, which chooses the account that prompts go to, and more.

    Raises:
        ValueError: names it.
    """
    instead = f"give the model itself with from_dict(data, {side}=...)."
    for name in _secret_names("", value):
        raise ValueError(f"{side} holds a secret as its {name}, and data alone choose no account: {instead}")
    # A class that reads its data by itself knows what else is in it.
    plain = getattr(kind.from_dict, "__func__", None) is BaseComponent.from_dict.__func__  # type: ignore[attr-defined]
    unknown = sorted(value.keys() - kind.model_fields.keys() - {"class_name"}) if plain else []
    if unknown:
        # Not a setting that is kept, but one of the constructor's, such as a region that makes an address.
        raise ValueError(f"{side} holds {unknown[0]!r}, which is no setting of {kind.__name__}: {instead}")


def _secret_names(name: str, value: object) -> Iterator[str]:
    if isinstance(value, Mapping):
        for key, item in value.items():
            yield from _secret_names(str(key), item)
    elif isinstance(value, list):
        for item in value:
            yield from _secret_names(name, item)
    elif is_secret(name, value):
        yield name


def _check_addresses(value: Mapping[str, Any], kind: type[LLM], side: str) -> None:
    """Refuse an address that only the data names, since it would receive the prompts and the key.

    Raises:
        ValueError: names the host and how to allow it.
    """
    allowed = allowed_hosts(()) | _PROVIDERS
    for name, item in value.items():
        field = kind.model_fields.get(name)
        own = field is not None and item == field.default
        for address in () if own else _addresses(name, item):
            if not is_allowed(address, allowed):
                host = host_of(address)
                remedy = f"from_dict(data, allow_hosts=[{host!r}]), or " if host else ""
                raise ValueError(
                    f"{side} names {host or 'no plain address'} as its {name}, which would receive "
                    f"prompts and the key. To allow it: {remedy}give the model itself with from_dict(data, "
                    f"{side}=...)."
                )


def _addresses(name: str, value: object) -> Iterator[str]:
    if isinstance(value, str):
        if _ADDRESS.fullmatch(value.strip()) or (value.strip() and _is_address_name(name)):
            yield value
    # A model inside of a model is restored by itself, and headers name pages that nothing is sent to.
    elif isinstance(value, Mapping) and "class_name" not in value and not name.endswith("headers"):
        for key, item in value.items():
            yield from _addresses(str(key), item)
    elif isinstance(value, list):
        for item in value:
            yield from _addresses(name, item)


def _is_address_name(name: str) -> bool:
    words = _WORD.findall(name)
    return bool(words) and words[-1].lower() in _ADDRESS_WORDS


def restored_router(name: str) -> Router:
    """Return the router of a name.

    Raises:
        ValueError: it can't be loaded by its name; the message says what to do.
    """
    if is_fetched(name) and HUB not in allowed_hosts(()):
        raise ValueError(
            f"router is {name!r} on the Hugging Face Hub, and data alone never trigger a download: give "
            f"from_dict(data, router={name!r}), or allow_hosts=[{HUB!r}]."
        )
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
