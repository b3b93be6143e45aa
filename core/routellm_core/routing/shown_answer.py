"""ShownAnswer: what an answer shows, in a form that can be compared and written down."""

from __future__ import annotations

import json
from typing import Any, NamedTuple, TypeGuard

from routellm_core.routing.prices import TokenUsage
from routellm_core.routing.tool_loop import ToolStep


class ShownAnswer(NamedTuple):
    """An answer and its tokens.

    Attributes:
        value: its text, its tool calls as a list of ToolStep, or an object; None if it has nothing of these.
        usage: None if unknown.
    """

    value: object
    usage: TokenUsage | None

    @property
    def written(self) -> str | None:
        """The answer as a text, tool calls and objects as JSON; None if nothing of it can be written."""
        value = self.value
        if value is None or isinstance(value, str):
            return value
        try:
            return json.dumps(_plain(value), ensure_ascii=False, default=str)
        except Exception:
            # Objects of users' own classes do as they please.
            return None


def _plain(value: Any) -> Any:
    if is_calls(value):
        return [{"name": step.name, "arguments": step.arguments} for step in value]
    if isinstance(value, list):
        return [_plain(each) for each in value]
    # pydantic's objects, which core does not import.
    dump = getattr(value, "model_dump", None)
    return dump(mode="json") if callable(dump) else value


def is_calls(value: object) -> TypeGuard[list[ToolStep]]:
    """Return whether an answer is a list of tool calls."""
    return isinstance(value, list) and bool(value) and all(isinstance(each, ToolStep) for each in value)
