"""Provider: the company whose formats a chat model uses, and whether two models are the same."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from pydantic import SecretStr

from langchain_routellm.side import Side

# Looked for in this order: Claude is served by Bedrock and Vertex too, and speaks its own formats there.
_KNOWN = {
    "anthropic": "anthropic",
    "bedrock": "bedrock",
    "google": "google",
    "gemini": "google",
    "vertexai": "google",
    "mistral": "mistral",
    "ollama": "ollama",
    "openai": "openai",
    "azure": "openai",
}

# A model answers with the version that it is: "gpt-4o" as "gpt-4o-2024-08-06".
_VERSION = re.compile(r"-(?:\d{4}|\d{8}|\d{4}-\d{2}-\d{2}|latest)$")

_NO_NAME = re.compile(r"[^a-z0-9]")

_ACCOUNT = (
    *("openai_api_base", "openai_api_key", "openai_organization", "azure_endpoint", "anthropic_api_url"),
    *("anthropic_api_key", "base_url", "endpoint", "api_key", "google_api_key", "project", "location"),
    *("mistral_api_key", "region_name", "credentials_profile_name"),
)
# What decides the form of an answer beside the model, and whether the provider keeps it.
_FORM = ("use_responses_api", "store")


@lru_cache(maxsize=256)
def provider_named(text: str) -> str:
    """Return the provider that a model's type or an answer's metadata names."""
    plain = _NO_NAME.sub("", text.lower())
    return next((name for part, name in _KNOWN.items() if part in plain), plain)


def provider_of(side: Side) -> str:
    """Return the provider of a side's model."""
    return provider_named(side.lead._llm_type)


def speaks(provider: str, answered: str) -> bool:
    """Return whether an answer's `model_provider` names this provider; rarer ones use longer names."""
    named = provider_named(answered)
    return named == provider or (provider not in _KNOWN.values() and named in provider)


def model_name(side: Side) -> str | None:
    """Return the name that a side's model is asked for by; None if unknown."""
    # An Azure deployment has a name of its own, which no answer contains.
    if getattr(side.lead, "deployment_name", None):
        return None
    for name in (
        side.kwargs.get("model"),
        *(getattr(side.lead, each, None) for each in ("model_name", "model")),
    ):
        if isinstance(name, str) and name:
            return name
    return None


def same_model(one: str, other: str) -> bool:
    """Return whether two names mean one model, with its version or without."""
    return _VERSION.sub("", one.rpartition("/")[2]) == _VERSION.sub("", other.rpartition("/")[2])


def calls_responses(side: Side) -> bool:
    """Return whether a model is called by OpenAI's Responses API."""
    return bool(side.kwargs.get("use_responses_api", getattr(side.lead, "use_responses_api", False)))


def same_account(one: Side, other: Side) -> bool:
    """Return whether two sides ask the same address with the same credentials."""
    return all(_secret(one.lead, name) == _secret(other.lead, name) for name in _ACCOUNT)


def interchangeable(one: Side, other: Side) -> bool:
    """Return whether one side's model accepts all that the other's makes: one model, in any settings."""
    first, second = model_name(one), model_name(other)
    if first is None or second is None:
        return one.lead is other.lead
    return (
        same_model(first, second)
        and type(one.lead) is type(other.lead)
        and all(_setting(one, name) == _setting(other, name) for name in _FORM)
        and same_account(one, other)
    )


def _secret(model: object, name: str) -> object:
    value = getattr(model, name, None)
    return value.get_secret_value() if isinstance(value, SecretStr) else value


def _setting(side: Side, name: str) -> object:
    kwargs: Mapping[str, Any] = side.kwargs
    return kwargs.get(name, getattr(side.lead, name, None))
