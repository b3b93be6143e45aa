"""ToolCallIds: ids of tool calls that every provider accepts, the same for a call and its result."""

from __future__ import annotations

import re
from typing import Any

# What OpenAI and Anthropic both accept.
_VALID_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")


class ToolCallIds:
    """Gives every tool call an id that each provider accepts, and its result the same one.

    A class without ids (Ollama's) names the tool instead, in the result's `tool_call_id`; results of the same
    tool answer its calls in order.
    """

    def __init__(self) -> None:
        self._count = 0
        self._open: list[tuple[set[str], str]] = []

    def of_call(self, given: str | None, name: str) -> str:
        """Return the id of a call."""
        self._count += 1
        chosen = given if given and _VALID_ID.fullmatch(given) else f"call_{self._count}"
        self._open.append(({given} if given else {name, ""}, chosen))
        return chosen

    def of_result(self, kwargs: dict[str, Any]) -> str:
        """Return the id of the call that a result belongs to, by its message's `additional_kwargs`."""
        given = kwargs.get("tool_call_id") or kwargs.get("name") or ""
        for position, (names, chosen) in enumerate(self._open):
            if given in names or not given:
                del self._open[position]
                return chosen
        return given if _VALID_ID.fullmatch(given) else f"call_{self._count}"
