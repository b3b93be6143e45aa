"""Constructor arguments: which are the router's, which go to models given as strings, which are refused."""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches
from typing import Any

from langchain_core.language_models import BaseChatModel
from pydantic import ValidationError
from pydantic_core import InitErrorDetails, PydanticCustomError

from routellm_core.checkpoints.redaction import without_secrets


def models_from(values: Mapping[str, Any], known: set[str], router: str) -> dict[str, Any]:
    """Make the models that are given as strings, with all arguments that the router itself does not know.

    Raises:
        ValueError: a model is missing, or an argument is the router's neither nor any string's.
        ImportError: a model is given as a string and `langchain` is not installed.
    """
    mine = {name: value for name, value in values.items() if name in known}
    others = {name: value for name, value in values.items() if name not in known}
    for name in ("model", "model_name"):
        if name in others:
            shown = without_secrets(repr(others[name]))
            raise ValueError(
                f"{name}={shown} is one model, and {router} takes two: give strong= and weak=, such "
                "as strong='openai:gpt-4o', weak='openai:gpt-4o-mini'."
            )
    for side in ("strong", "weak"):
        if mine.get(side) is None:
            raise ValueError(f"{side} is missing: expected a chat model or a string such as 'openai:gpt-4o'.")
    strings = [side for side in ("strong", "weak") if isinstance(mine[side], str)]
    if others and not strings and not any(isinstance(model, str) for model in mine.get("between", ())):
        raise ValueError(
            f"{', '.join(sorted(others))}: not a setting of {router}{_hint(sorted(others), known)}"
        )
    for side in strings:
        mine[side] = _model_from_string(mine[side], others, side)
    if isinstance(mine.get("between"), list | tuple):
        mine["between"] = [
            _model_from_string(model, others, "between") if isinstance(model, str) else model
            for model in mine["between"]
        ]
    return mine


def without_inputs(error: ValidationError) -> ValidationError:
    """Return the same error without what was given, which holds the models, their headers and their keys."""
    lines = [
        InitErrorDetails(
            type=PydanticCustomError(line["type"], without_secrets(line["msg"])),
            loc=line["loc"],
            input=None,
        )
        for line in error.errors(include_url=False)
    ]
    return ValidationError.from_exception_data(error.title, lines, hide_input=True)


def _hint(names: list[str], known: set[str]) -> str:
    near = get_close_matches(names[0], known, n=1)
    if near:
        return f"; did you mean {near[0]}?"
    return (
        f". Give it to the models themselves, as in strong=ChatOpenAI({names[0]}=...), or name the models as "
        "strings, which are made with it: strong='openai:gpt-4o'."
    )


def _model_from_string(name: str, arguments: Mapping[str, Any], side: str) -> BaseChatModel:
    try:
        from langchain.chat_models import init_chat_model
    except ImportError as error:
        raise ImportError(
            f"{side}={name!r} is made by init_chat_model of the package langchain, which is not installed: "
            "pip install langchain, or give a chat model."
        ) from error
    model: BaseChatModel = init_chat_model(name, **arguments)
    return model
