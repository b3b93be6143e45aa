"""Call needs: what a call needs of a model besides text, in core's words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from llama_index.core.base.llms.types import (
    AudioBlock,
    ChatMessage,
    DocumentBlock,
    ImageBlock,
    VideoBlock,
)

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
