"""Side: one of the two models, as the adapter calls it, with the settings given to the router itself.

A setting of the router that LlamaIndex would have used on a plain model is used on both models, through a
copy of each, so the models that the user gave stay as they are. The callback manager is the exception: hosts
assign it late and expect it to be used, so a model without handlers of its own gets the router's.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import llama_index.core
from llama_index.core.base.llms.generic_utils import messages_to_prompt as generic_messages_to_prompt
from llama_index.core.callbacks import CallbackManager
from llama_index.core.llms import LLM
from llama_index.core.llms.function_calling import FunctionCallingLLM
from llama_index.core.llms.llm import default_completion_to_prompt
from llama_index.core.settings import Settings
from llama_index.core.types import PydanticProgramMode

from llamaindex_routellm.stream_usage import StreamUsage
from routellm_core import Capabilities
from routellm_core.routing.capabilities import Need
from routellm_core.routing.decision import Route

_DEFAULTS: dict[str, Any] = {
    "system_prompt": None,
    "output_parser": None,
    "messages_to_prompt": generic_messages_to_prompt,
    "completion_to_prompt": default_completion_to_prompt,
    "query_wrapper_prompt": None,
    "pydantic_program_mode": PydanticProgramMode.DEFAULT,
    "rate_limiter": None,
}

OVERLAID_SETTINGS = frozenset(_DEFAULTS)
"""Settings of every LLM that the router hands down where they are given; each model keeps its others."""


@dataclass(frozen=True, slots=True)
class Side:
    """A model and what is known of it.

    Attributes:
        route: which side it is.
        model: the model itself.
        lacks: what the model can't do, as the user states.
        stream_usage: whether the model is asked for the tokens of its streams.
    """

    route: Route
    model: LLM = field(repr=False)
    lacks: frozenset[Need] = frozenset()
    stream_usage: StreamUsage = field(default_factory=StreamUsage, compare=False, repr=False)

    @property
    def name(self) -> str | None:
        """The name that requests use for the model; None if unknown."""
        name: object
        try:
            name = self.model.metadata.model_name
        except Exception:
            # OpenAI's class knows the window of its own models only, and still the name that it was given.
            name = getattr(self.model, "model", None)
        # "unknown" is LlamaIndex's own word for it.
        return name if isinstance(name, str) and name not in ("", "unknown") else None

    def capabilities(self) -> Capabilities:
        """Return what the model is known to lack: from its metadata, its class and the user's settings."""
        try:
            metadata = self.model.metadata
        except Exception:
            # A model that can't describe itself (an unknown name, a server that is down) is unknown, and says
            # what is wrong when it is called.
            return Capabilities(lacks=self.lacks)
        lacks: set[Need] = set(self.lacks)
        if not (metadata.is_function_calling_model and isinstance(self.model, FunctionCallingLLM)):
            lacks.add("tools")
            if not _has_native_schemas(self.model):
                lacks.add("structured_output")
        if not metadata.is_chat_model:
            # Its chat() renders the messages as text, and what is not text would be dropped without a word.
            lacks |= {"image", "audio", "video", "file"}
        # The window holds the answer too, so what the model reserves for it is not there for the prompt.
        return Capabilities(
            lacks=frozenset(lacks), context_window=metadata.context_window - max(metadata.num_output, 0)
        )

    def with_settings(self, router: LLM) -> Side:
        """Return this side with the router's settings; the very side if the router has none."""
        given = {
            name: value
            for name, default in _DEFAULTS.items()
            if (value := getattr(router, name)) is not None and value is not default
        }
        return replace(self, model=self.model.model_copy(update=given)) if given else self


def with_setting(route: str, model: LLM, name: str, value: object) -> LLM:
    """Return a copy of a model with one field replaced.

    Raises:
        ValueError: the model has no such field.
    """
    if name not in type(model).model_fields:
        raise ValueError(
            f"{name} is neither a setting of the pair nor of the {route} model, {type(model).__name__}."
        )
    return model.model_copy(update={name: value})


def pass_on(manager: CallbackManager, model: LLM, passed_before: CallbackManager | None) -> bool:
    """Give a model the router's callback manager.

    A model with handlers of its own keeps them, unless they came from this router in the first place.

    Returns:
        Whether the model has the manager now.
    """
    own = model.callback_manager
    if own is manager:
        return passed_before is manager
    if own is not passed_before and (_has_own_handlers(own) or not manager.handlers):
        return False
    model.callback_manager = manager
    return True


def _has_own_handlers(manager: CallbackManager) -> bool:
    """Return whether a manager has handlers that it was given, beyond those of the host's defaults."""
    settings = Settings._callback_manager
    defaults = [llama_index.core.global_handler, *(settings.handlers if settings else ())]
    return any(all(handler is not default for default in defaults) for handler in manager.handlers)


def _has_native_schemas(model: LLM) -> bool:
    """Return whether an OpenAI-like endpoint takes a response format, though it takes no tools."""
    native = getattr(model, "_should_use_structure_outputs", None)
    return callable(native) and bool(native())
