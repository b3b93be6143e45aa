"""Parsed usage: the tokens of objects that OpenAIResponses has its SDK parse, beside the model's own `chat`.

The class keeps the response to itself and reports no event, so a copy of the model asks the SDK's client
through a proxy that hears the response.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import lru_cache
from typing import Any

from llama_index.core.llms import LLM

_METHODS = {"structured_predict": "_client", "astructured_predict": "_aclient"}

Hear = Callable[[Any], None]


def heard(model: LLM, method: str, hear: Hear) -> LLM:
    """Return a copy of a model whose parsed responses are heard; the model itself where that needs none."""
    client = _METHODS.get(method)
    if client is None or not _parses_beside_chat(type(model)):
        return model
    copy = model.model_copy()
    setattr(copy, client, _HeardClient(getattr(model, client), hear))
    return copy


class _HeardClient:
    """The SDK's client, whose `responses.parse` is heard."""

    def __init__(self, client: Any, hear: Hear) -> None:
        self._client = client
        self._hear = hear

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._client, name)
        return _HeardResponses(found, self._hear) if name == "responses" else found


class _HeardResponses:
    def __init__(self, responses: Any, hear: Hear) -> None:
        self._responses = responses
        self._hear = hear

    def __getattr__(self, name: str) -> Any:
        return getattr(self._responses, name)

    def parse(self, *args: Any, **kwargs: Any) -> Any:
        """Parse a response, or return an awaitable of it, as the client does."""
        response = self._responses.parse(*args, **kwargs)
        if isinstance(response, Awaitable):
            return self._aheard(response)
        self._hear(response)
        return response

    async def _aheard(self, awaited: Awaitable[Any]) -> Any:
        response = await awaited
        self._hear(response)
        return response


@lru_cache(maxsize=256)
def _parses_beside_chat(kind: type[LLM]) -> bool:
    """Return whether a class is LlamaIndex's OpenAIResponses, or made from it."""
    return any(each.__module__ == "llama_index.llms.openai.responses" for each in kind.__mro__)
