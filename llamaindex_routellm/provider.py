"""Provider: the company whose formats a model's class uses, and when two models are the same."""

from __future__ import annotations

from functools import lru_cache

from llama_index.core.llms import LLM

from llamaindex_routellm.side import Side

# Looked for in this order in the modules that a class comes from.
_KNOWN = {
    "anthropic": "anthropic",
    "bedrock": "bedrock",
    "gemini": "google",
    "google": "google",
    "vertex": "google",
    "mistral": "mistral",
    "ollama": "ollama",
    "openai": "openai",
}

_ACCOUNT = ("api_base", "base_url", "api_key", "azure_endpoint", "endpoint", "region_name", "project")
# What decides whether and how a provider keeps an answer.
_FORM = ("store", "track_previous_responses")


@lru_cache(maxsize=256)
def provider_of(kind: type[LLM]) -> str:
    """Return the provider that a class is made for; the name of the class if none is known."""
    for each in kind.__mro__:
        for part, provider in _KNOWN.items():
            if part in each.__module__:
                return provider
    return kind.__qualname__


def keeps_own_blocks(provider: str) -> bool:
    """Return whether a provider's class keeps signed thinking, citations and cache marks."""
    return provider in ("anthropic", "bedrock")


def interchangeable(one: Side, other: Side) -> bool:
    """Return whether one side's model accepts all that the other's makes: one model, in any settings."""
    if one.model is other.model:
        return True
    return (
        one.name is not None
        and one.name == other.name
        and type(one.model) is type(other.model)
        and all(
            getattr(one.model, name, None) == getattr(other.model, name, None) for name in (*_ACCOUNT, *_FORM)
        )
    )
