"""Inner models: the two models as they are called, with the settings that were given to the router itself.

A setting of the router that LlamaIndex would have used on a plain model is used on both inner models, through
a copy of each, so the models that the user gave stay as they are. The callback manager is the exception:
hosts assign it late and expect it to be used, so a model without handlers of its own gets the router's.
"""

from __future__ import annotations

from typing import Any

import llama_index.core
from llama_index.core.base.llms.generic_utils import messages_to_prompt as generic_messages_to_prompt
from llama_index.core.callbacks import CallbackManager
from llama_index.core.llms import LLM
from llama_index.core.llms.llm import default_completion_to_prompt
from llama_index.core.settings import Settings
from llama_index.core.types import PydanticProgramMode

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


def overlaid(model: LLM, router: LLM) -> LLM:
    """Return the model with the router's settings; the very model where the router has none."""
    given = {
        name: value
        for name, default in _DEFAULTS.items()
        if (value := getattr(router, name)) is not None and value is not default
    }
    return model.model_copy(update=given) if given else model


def model_name(model: LLM) -> str | None:
    """Return the name by which a model is asked for, where it tells one."""
    name: Any
    try:
        name = model.metadata.model_name
    except Exception:
        # OpenAI's class knows the window of its own models only, and still the name that it was given.
        name = getattr(model, "model", None)
    # "unknown" is LlamaIndex's own word for it.
    return name if isinstance(name, str) and name not in ("", "unknown") else None


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
    """Tell whether a manager has handlers that it was given, beyond those of the host's defaults."""
    settings = Settings._callback_manager
    defaults = [llama_index.core.global_handler, *(settings.handlers if settings else ())]
    return any(all(handler is not default for default in defaults) for handler in manager.handlers)
