"""Serialised pairs: a pair's settings as JSON, and whether they restore the same pair."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, is_dataclass
from os import PathLike, fspath
from typing import Any

from langchain_core.language_models import BaseChatModel
from langchain_core.load.serializable import Serializable
from langchain_core.runnables import RunnableBinding
from pydantic import BaseModel

from langchain_routellm.wrapped_models import first_model, is_wrapped
from routellm_core import Disagreement, Router
from routellm_core.checkpoints.redaction import is_secret, redacted
from routellm_core.settings import RouterGiven

_NAMES = ("model_name", "model", "model_id", "deployment_name")
_PLAIN = (bool, int, float, str, type(None))


def constructor_arguments(pair: BaseChatModel, router: RouterGiven) -> dict[str, Any] | None:
    """Return the arguments that make a pair again; None if one of them has no form in JSON.

    Args:
        pair: the pair.
        router: as it was given.
    """
    arguments: dict[str, Any] = {}
    for name in sorted(pair.model_fields_set):
        field = type(pair).model_fields[name]
        value = router if name == "router" else getattr(pair, name)
        if field.exclude or value is None:
            continue
        if name in ("strong", "weak", "between"):
            given = getattr(pair, name)
            models = [without_secrets_in(model) for model in (given if name == "between" else [given])]
            plain = models if name == "between" else models[0]
            if not all(map(_is_said, models)):
                return None
        else:
            plain = _plain(value)
        if plain is None:
            return None
        arguments[name] = plain
    return arguments


class _Unquoted(str):
    """A text that is shown without quotes among the arguments of a `repr`."""

    __slots__ = ()

    def __repr__(self) -> str:
        return str(self)


def described(model: object) -> str:
    """Return a model's class and the name it is asked for by, and none of its settings."""
    if isinstance(model, RunnableBinding):
        return described(model.bound)
    if is_wrapped(model):
        inner = first_model(model)
        said = "" if inner is None else described(inner)
    else:
        names = (getattr(model, field, None) for field in _NAMES)
        said = next((repr(name) for name in names if isinstance(name, str)), "")
    return _Unquoted(f"{type(model).__name__}({said})")


def without_secrets_in(model: object) -> object:
    """Return a model whose settings hold no secret in clear text: a copy, unless it is one already."""
    update: dict[str, Any] = {}
    for name in () if is_wrapped(model) else getattr(type(model), "model_fields", ()):
        value = getattr(model, name)
        if isinstance(model, RunnableBinding) and name == "bound":
            shown = without_secrets_in(value)
        elif is_secret(name, value) and isinstance(value, str):
            shown = None
        elif isinstance(value, str | dict | list):
            shown = redacted(value)
        else:
            continue
        if shown is not value and shown != value:
            update[name] = shown
    if not update or not isinstance(model, BaseModel):
        return model
    copy = model.model_copy(update=update)
    # Cached on the original, before the fields were replaced.
    copy.__dict__.pop("_serialized", None)
    return copy


def said(value: object) -> object:
    """Return a setting as JSON holds it: a router or an exception by its name."""
    if isinstance(value, Router):
        return value.name
    if isinstance(value, Disagreement):
        plain = {name: said(getattr(value, name)) for name in ("same", "price", "timeout")}
        return {"checker": described(value.checker), **plain}
    if is_dataclass(value) and not isinstance(value, type):
        return asdict(value)
    if isinstance(value, type):
        return value.__qualname__
    if isinstance(value, PathLike):
        return fspath(value)
    if isinstance(value, list | tuple | set | frozenset):
        return sorted((said(item) for item in value), key=str)
    if isinstance(value, (*_PLAIN, Mapping)):
        return value
    return getattr(value, "__qualname__", type(value).__qualname__)


def _plain(value: object) -> object:
    """Return a setting as the constructor takes it from JSON; None if it has no such form."""
    if isinstance(value, Router | Disagreement) or callable(value):
        return None
    if isinstance(value, list | tuple | set | frozenset):
        items = [_plain(item) for item in value]
        # Sets have no order of their own.
        ordered = items if isinstance(value, list | tuple) else sorted(items, key=str)
        return None if None in items else ordered
    if isinstance(value, Mapping):
        parts = {name: _plain(part) for name, part in value.items()}
        return None if None in parts.values() else parts
    if is_dataclass(value) and not isinstance(value, type):
        return {name: part for name, part in asdict(value).items() if part is not None}
    if isinstance(value, PathLike):
        return fspath(value)
    return value if isinstance(value, _PLAIN) else None


def _is_said(model: object) -> bool:
    # The dumps of with_fallbacks and with_retry name types of errors, which LangChain's own loading refuses.
    return (
        isinstance(model, Serializable) and not is_wrapped(model) and model.to_json()["type"] == "constructor"
    )
