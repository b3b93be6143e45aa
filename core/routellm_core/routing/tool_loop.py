"""StuckLimits: whether an agent's tool loop is stuck, by its calls and their results."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from routellm_core.routing.tool_schema import breaks_schema
from routellm_core.routing.validation import check_count


@dataclass(frozen=True, slots=True)
class ToolStep:
    """One tool call of a loop.

    Attributes:
        name: the tool's.
        arguments: as the model gave them: a mapping, or text that is not a JSON object.
        failed: whether the tool's result is an error; None if there is none yet or it is unknown.
    """

    name: str
    arguments: Any
    failed: bool | None = None

    def key(self) -> str:
        """Return a key that is the same for equal calls."""
        try:
            return f"{self.name} {json.dumps(self.arguments, sort_keys=True)}"
        except (TypeError, ValueError):
            return f"{self.name} {self.arguments!r}"


@dataclass(frozen=True)
class StuckLimits:
    """Counts at which a loop is stuck; None for never.

    Attributes:
        repeated_tool_call: equal calls, same tool and arguments.
        tool_errors: tool results that are errors.
        invalid_tool_call: calls of an unknown tool, or with arguments that break its schema.
    """

    repeated_tool_call: int | None = None
    tool_errors: int | None = None
    invalid_tool_call: int | None = None

    @classmethod
    def from_value(cls, value: StuckLimits | Mapping[str, Any]) -> StuckLimits:
        """Make it from `{"repeated_tool_call": 3, "tool_errors": 2, "invalid_tool_call": 1}` or a part of it.

        Raises:
            ValueError: a name is unknown or a count invalid; the message names it.
        """
        if isinstance(value, StuckLimits):
            return value
        known = tuple(cls.__dataclass_fields__)
        if not isinstance(value, Mapping) or not value or not set(value) <= set(known):
            raise ValueError(f"escalate_when is {value!r}, expected counts of some of {list(known)}.")
        counts = {
            name: check_count(count, f"escalate_when[{name!r}]", at_least=1)
            for name, count in value.items()
            if count is not None
        }
        return cls(**counts)

    def are_reached(self, steps: Sequence[ToolStep], schemas: Mapping[str, Mapping[str, Any]]) -> bool:
        """Return whether a loop is stuck.

        Args:
            steps: its calls, oldest first.
            schemas: tool -> JSON Schema of its arguments; empty if the tools are unknown.
        """
        if not steps:
            return False
        if self.repeated_tool_call is not None:
            most = max(Counter(step.key() for step in steps).values())
            if most >= self.repeated_tool_call:
                return True
        if self.tool_errors is not None and sum(step.failed is True for step in steps) >= self.tool_errors:
            return True
        return self.invalid_tool_call is not None and invalid_calls(steps, schemas) >= self.invalid_tool_call


def invalid_calls(steps: Iterable[ToolStep], schemas: Mapping[str, Mapping[str, Any]]) -> int:
    """Count calls of unknown tools and calls whose arguments break their tool's schema."""
    if not schemas:
        return 0
    return sum(
        step.name not in schemas or breaks_schema(step.arguments, schemas[step.name]) for step in steps
    )
