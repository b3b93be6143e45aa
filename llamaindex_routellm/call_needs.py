"""What a call needs of a model, and what a model is known to lack, in core's words."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from llama_index.core.base.llms.types import (
    AudioBlock,
    ChatMessage,
    DocumentBlock,
    ImageBlock,
    VideoBlock,
)
from llama_index.core.llms import LLM
from llama_index.core.llms.function_calling import FunctionCallingLLM

from routellm_core import Capabilities
from routellm_core.routing.capabilities import Need

_BLOCK_NEEDS: tuple[tuple[type, Need], ...] = (
    (ImageBlock, "image"),
    (AudioBlock, "audio"),
    (VideoBlock, "video"),
    (DocumentBlock, "file"),
)

_NO_NEEDS: frozenset[Need] = frozenset()


def needs_of_messages(messages: Sequence[ChatMessage]) -> frozenset[Need]:
    """Return what the messages hold besides text."""
    found: set[Need] = set()
    for message in messages:
        for block in message.blocks:
            for kind, need in _BLOCK_NEEDS:
                if isinstance(block, kind):
                    found.add(need)
    return frozenset(found)


def needs_of_arguments(kwargs: Mapping[str, Any]) -> frozenset[Need]:
    """Return what the keyword arguments of an endpoint ask for."""
    if not kwargs:
        return _NO_NEEDS
    found: set[Need] = set()
    if kwargs.get("tools") or kwargs.get("functions"):
        found.add("tools")
    if kwargs.get("response_format"):
        found.add("structured_output")
    return frozenset(found)


def capabilities_of(model: LLM, declared: Iterable[Need]) -> Capabilities:
    """Return what a model is known to lack: from its metadata, its class and what the user declared."""
    try:
        metadata = model.metadata
    except Exception:
        # A model that can't describe itself (an unknown name, a server that is down) is unknown, and says
        # what is wrong when it is called.
        return Capabilities(lacks=frozenset(declared))
    lacks: set[Need] = set(declared)
    if not (metadata.is_function_calling_model and isinstance(model, FunctionCallingLLM)):
        lacks.add("tools")
        if not _has_native_schemas(model):
            lacks.add("structured_output")
    if not metadata.is_chat_model:
        # Its chat() renders the messages as text, and what is not text would be dropped without a word.
        lacks |= {"image", "audio", "video", "file"}
    # The window holds the answer too, so what the model reserves for it is not there for the prompt.
    return Capabilities(
        lacks=frozenset(lacks), context_window=metadata.context_window - max(metadata.num_output, 0)
    )


def _has_native_schemas(model: LLM) -> bool:
    """Tell whether an OpenAI-like endpoint takes a response format, though it takes no tools."""
    native = getattr(model, "_should_use_structure_outputs", None)
    return callable(native) and bool(native())
