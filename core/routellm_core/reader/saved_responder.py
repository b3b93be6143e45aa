"""How a router's responder is saved: OpenAI's by its settings without the key, others by their names."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from routellm_core.checkpoints.checkpoint import Checkpoint, CheckpointError
from routellm_core.checkpoints.hosts import check_address
from routellm_core.preferences.judging.openai_responder import DEFAULT_KEY_VARIABLE, OpenAIResponder
from routellm_core.preferences.judging.responder import Responder

_OPENAI = "openai"
_OPENAI_ADDRESS = "https://api.openai.com/v1"
_SETTINGS = ("max_tokens", "timeout")


def responder_settings(responder: Responder) -> dict[str, Any]:
    """Return what a checkpoint says of a responder; nothing secret."""
    if type(responder) is OpenAIResponder and responder.key_variable == DEFAULT_KEY_VARIABLE:
        parts = urlsplit(responder.base_url or "")
        if not (parts.username or parts.password or parts.query):
            kept = {name: getattr(responder, name) for name in _SETTINGS}
            return {"kind": _OPENAI, "model": responder.name, "base_url": responder.base_url, **kept}
    return {"kind": type(responder).__name__, "model": responder.name}


def saved_responder(checkpoint: Checkpoint) -> Responder:
    """Return the responder that a checkpoint describes; its client reads the key from the environment.

    Raises:
        CheckpointError: it was not saved, or its address is at a host that is not allowed.
    """
    described = checkpoint.setting("responder")
    if not isinstance(described, dict) or not isinstance(described.get("model"), str):
        raise CheckpointError(
            f"{checkpoint.origin}: responder is {described!r}, expected its kind and model."
        )
    if described.get("kind") != _OPENAI:
        raise CheckpointError(
            f"{checkpoint.origin}: its reader {described['model']!r} was asked through a "
            f"{described.get('kind')}, which is not saved. Give it again: "
            "load_router(folder, responder=responder(model))."
        )
    base_url = described.get("base_url")
    # Whose router it is chooses the model, and so the price of each prompt: OpenAI's own address counts too.
    asked = _OPENAI_ADDRESS if base_url is None else base_url
    check_address(asked, checkpoint.allow_hosts, checkpoint.origin, instead="responder=")
    with checkpoint.reading("responder"):
        kept = {name: described[name] for name in _SETTINGS}
        return OpenAIResponder(described["model"], base_url=base_url, **kept)
