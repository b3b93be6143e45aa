"""StreamUsage: asks OpenAI's classes to report the tokens of their streams, which they do on request only."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from llama_index.core.llms import LLM

OPTION = "stream_options"
_ASKED = {"include_usage": True}

# By which argument of a streaming method the option reaches the request; None if there is none.
_METHODS: dict[str, str | None] = {
    "stream_chat": OPTION,
    "astream_chat": OPTION,
    "stream_complete": OPTION,
    "astream_complete": OPTION,
    "stream_chat_with_tools": OPTION,
    "astream_chat_with_tools": OPTION,
    "stream_structured_predict": "llm_kwargs",
    "astream_structured_predict": "llm_kwargs",
    "stream": None,
    "astream": None,
}

# How servers that speak OpenAI's protocol call what they don't know.
_REFUSAL = re.compile(
    r"stream.options|include.usage|unknown|unrecogni[sz]ed|unexpected|unsupported"
    r"|not (supported|permitted|allowed)|extra (field|input)|additional propert",
    re.IGNORECASE,
)
_REFUSED_BY = (400, 422)


@dataclass(slots=True)
class StreamUsage:
    """Whether a side's model is asked for the tokens of its streams.

    Attributes:
        is_refused: whether its server refused; it is not asked again.
    """

    is_refused: bool = False

    def is_asked(self, model: LLM, method: str, kwargs: Mapping[str, Any]) -> bool:
        """Return whether a call asks for tokens; False if the user has set how to stream."""
        if self.is_refused or method not in _METHODS or not _is_openai(type(model)):
            return False
        given = (getattr(model, "additional_kwargs", None), kwargs, kwargs.get("llm_kwargs"))
        return all(OPTION not in options for options in given if isinstance(options, Mapping))


def may_refuse(error: Exception) -> bool:
    """Return whether an error may come from having asked."""
    return getattr(error, "status_code", None) in _REFUSED_BY and _REFUSAL.search(str(error)) is not None


def asking(model: LLM, method: str, kwargs: dict[str, Any]) -> tuple[LLM, dict[str, Any]]:
    """Return a model and arguments that ask for the tokens of a stream."""
    argument = _METHODS[method]
    if argument == OPTION:
        return model, {**kwargs, OPTION: dict(_ASKED)}
    if argument is not None:
        return model, {**kwargs, argument: {**(kwargs.get(argument) or {}), OPTION: dict(_ASKED)}}
    # Templates' arguments are their variables. The copy is made with the client that the model keeps.
    client = getattr(model, "_get_aclient" if method.startswith("a") else "_get_client", None)
    if callable(client) and getattr(model, "reuse_client", False):
        client()
    options = {**getattr(model, "additional_kwargs", {}), OPTION: dict(_ASKED)}
    return model.model_copy(update={"additional_kwargs": options}), kwargs


@lru_cache(maxsize=256)
def _is_openai(kind: type[LLM]) -> bool:
    """Return whether a class is LlamaIndex's OpenAI, or made from it as Azure's and OpenAILike are."""
    return any(each.__module__ == "llama_index.llms.openai.base" for each in kind.__mro__)
