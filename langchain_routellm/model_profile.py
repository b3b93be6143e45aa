"""ModelProfile of a pair: what both models can do, for agents that look before they choose a strategy."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from langchain_core.language_models import BaseChatModel, ModelProfile


def shared_profile(strong: BaseChatModel, weak: BaseChatModel) -> ModelProfile | None:
    """Return the intersection of two profiles: abilities that both have, the smaller of two limits.

    What one side's profile does not mention is unknown and left out; without one of the profiles, all is.
    """
    if not strong.profile or not weak.profile:
        return None
    first, second = cast(Mapping[str, Any], strong.profile), cast(Mapping[str, Any], weak.profile)
    shared: dict[str, Any] = {}
    for key in first.keys() & second.keys():
        ours, theirs = first[key], second[key]
        if isinstance(ours, bool) and isinstance(theirs, bool):
            shared[key] = ours and theirs
        elif isinstance(ours, int) and isinstance(theirs, int):
            shared[key] = min(ours, theirs)
    return cast(ModelProfile, shared) or None
