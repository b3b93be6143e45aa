"""Side: one of the two models, with what was bound to it, as the adapter calls it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from langchain_core.language_models import BaseChatModel
from langchain_core.runnables import Runnable, RunnableBinding, RunnableConfig
from langchain_core.runnables.config import merge_configs
from pydantic import BaseModel

from langchain_routellm.deployments import Deployments, lead_of
from langchain_routellm.wrapped_models import first_model, is_configurable, is_wrapped, mapped
from routellm_core import Capabilities
from routellm_core.pair.tier_arguments import nested_refusal
from routellm_core.routing.capabilities import Need
from routellm_core.routing.decision import Route

Family = Literal["openai", "anthropic", "other"]
"""Whose message and tool formats a model speaks, as far as they matter for conversion."""

PUSHED_DOWN = (
    "cache",
    "custom_get_token_ids",
    "disable_streaming",
    "output_version",
    "rate_limiter",
    "streaming",
    "verbose",
)
"""Settings of the router that the chosen model has to honour, since it makes the run."""

_PROFILE_KEYS: dict[str, Need] = {
    "image_inputs": "image",
    "audio_inputs": "audio",
    "video_inputs": "video",
    "pdf_inputs": "file",
    "tool_calling": "tools",
    "structured_output": "structured_output",
}


MEDIA_KEYS: dict[str, Need] = {
    "image_inputs": "image",
    "image_url_inputs": "image",
    "image_tool_message": "image",
    "audio_inputs": "audio",
    "video_inputs": "video",
    "pdf_inputs": "file",
    "pdf_tool_message": "file",
}
"""What a profile says of media, and which calls go to the side that takes them."""


@dataclass(frozen=True, slots=True)
class Side:
    """A chat model and the arguments and configuration that the user bound to it.

    Attributes:
        route: which side it is.
        model: the chat model itself.
        kwargs: from `model.bind(...)`; a call's own arguments beat them.
        config: from `model.with_config(...)`.
        lacks: what the model can't do, as the user states.
    """

    route: Route
    model: BaseChatModel = field(repr=False)
    kwargs: Mapping[str, Any] = field(default_factory=dict, repr=False)
    config: RunnableConfig | None = field(default=None, repr=False)
    lacks: frozenset[Need] = frozenset()

    @classmethod
    def from_value(cls, route: Route, value: object, lacks: frozenset[Need] = frozenset()) -> Side:
        """Make a side from what the user gave as `strong=` or `weak=`, and as `strong_lacks=`, `weak_lacks=`.

        Raises:
            ValueError: it is not a chat model, or a wrapper whose behaviour would be lost.
        """
        if hasattr(type(first_model(value)), "switchboard"):
            raise ValueError(nested_refusal(route, type(value).__name__, "ChatRouteLLM"))
        if isinstance(value, BaseChatModel):
            return cls(route, value, lacks=lacks)
        if isinstance(value, RunnableBinding):
            inner = cls.from_value(route, value.bound)
            config = merge_configs(inner.config, value.config)
            return cls(route, inner.model, {**inner.kwargs, **value.kwargs}, config or None, lacks)
        if isinstance(value, Runnable) and is_wrapped(value):
            model = Deployments.of(value)
            if model is not None:
                return cls(route, model, lacks=lacks)
        raise ValueError(_refusal(route, value))

    @property
    def lead(self) -> BaseChatModel:
        """The model whose formats the side uses: its own, or the first of several deployments."""
        return lead_of(self.model)

    def under(self, config: RunnableConfig) -> Side:
        """Return this side with the model that a call's configuration chooses, if it chooses one."""
        if not isinstance(self.model, Deployments):
            return self
        model = self.model.under(config)
        return self if model is self.model else replace(self, model=model)

    @property
    def name(self) -> str | None:
        """The name that requests use for the model; None if unknown."""
        return self.lead._get_ls_params().get("ls_model_name")

    @property
    def family(self) -> Family:
        """The family of formats, by the model's own type name."""
        return family_of(self.lead._llm_type)

    def capabilities(self) -> Capabilities:
        """Return what the model is known to lack: from its profile, its class and the user's settings."""
        profile: Mapping[str, Any] = self.lead.profile or {}
        lacks = {need for key, need in _PROFILE_KEYS.items() if profile.get(key) is False}
        if type(self.lead).bind_tools is BaseChatModel.bind_tools:
            lacks.add("tools")
        window = profile.get("max_input_tokens")
        return Capabilities(
            lacks=frozenset(lacks) | self.lacks, context_window=window if isinstance(window, int) else None
        )

    def with_settings(
        self, settings: Mapping[str, Any], kwargs: Mapping[str, Any], lacks: frozenset[Need]
    ) -> Side:
        """Return this side with fields of its model replaced and arguments bound; the user's is not touched.

        Raises:
            ValueError: the model has no such field.
        """
        model = self.model
        for name in settings:
            if name not in type(self.lead).model_fields:
                kind = type(self.lead).__name__
                raise ValueError(f"{name} is given, but the {self.route} model, {kind}, has no such setting.")
        if settings and isinstance(model, Deployments):
            model = model.with_fields(settings)
        elif settings:
            model = model.model_copy(update=dict(settings))
            # Cached on the original, before the fields were replaced.
            model.__dict__.pop("_serialized", None)
        return replace(self, model=model, kwargs={**self.kwargs, **kwargs}, lacks=lacks)

    def merged_config(self, config: RunnableConfig) -> RunnableConfig:
        """Return a call's configuration over the one bound to the model."""
        return merge_configs(self.config, config) if self.config else config


def checker_side(value: object) -> Side:
    """Return the side of the other cheap model of `Disagreement(checker)`.

    Raises:
        ValueError: it is not a chat model.
    """
    return Side.from_value("checker", value)


def with_setting(route: Route, given: Runnable[Any, Any], name: str, value: object) -> Runnable[Any, Any]:
    """Return a given model, or a binding of one, with one field of the model replaced in a copy.

    Raises:
        ValueError: the model has no such field.
    """
    if isinstance(given, RunnableBinding):
        bound = with_setting(route, given.bound, name, value)
        return given.model_copy(update={"bound": bound})
    if is_wrapped(given):
        return mapped(given, lambda model, kwargs: with_setting(route, model, name, value).bind(**kwargs))
    if not isinstance(given, BaseModel) or name not in type(given).model_fields:
        raise ValueError(
            f"{name} is neither a setting of the pair nor of the {route} model, {type(given).__name__}."
        )
    return given.model_copy(update={name: value})


def family_of(name: str) -> Family:
    """Return the family of formats of a model or a provider by its name."""
    if "anthropic" in name:
        return "anthropic"
    return "openai" if "openai" in name else "other"


def _refusal(route: Route, value: object) -> str:
    if is_configurable(value):
        return (
            f"{route} is a configurable model without a default, and nothing is known of it before a call: "
            "name one, as in init_chat_model('openai:gpt-4o', configurable_fields=...)."
        )
    if isinstance(value, Runnable):
        return (
            f"{route} is a {type(value).__name__}, expected a chat model such as ChatOpenAI(...). "
            "A chat model may have with_fallbacks([...]) of other chat models or with_retry(), or be a "
            "configurable one; prompts and parsers go around the router."
        )
    return f"{route} is {type(value).__name__}, expected a chat model or a string such as 'openai:gpt-4o'."
