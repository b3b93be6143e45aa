"""A request in the server's own words, the same for both APIs: what answers are made from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal


@dataclass(frozen=True)
class Tool:
    """A tool offered to the model, with the JSON schema of its arguments."""

    name: str
    description: str
    schema: dict[str, Any]


@dataclass(frozen=True)
class Turn:
    """One message: its role, its text, the tools it calls."""

    role: Literal["system", "user", "assistant", "tool"]
    text: str
    calls: tuple[str, ...] = ()


@dataclass(frozen=True)
class Prompt:
    """What the model is asked: conversation, tools, and the shape the answer must have.

    `tool_choice` is "auto", "none", "required" or a tool's name.
    """

    model: str
    turns: tuple[Turn, ...]
    tools: tuple[Tool, ...] = ()
    tool_choice: str = "auto"
    schema: dict[str, Any] | None = None
    json_object: bool = False
    thinking: bool = False

    @property
    def system(self) -> str:
        """The text of all system messages."""
        return "\n".join(turn.text for turn in self.turns if turn.role == "system")

    @property
    def user(self) -> str:
        """The text of the newest user message that has any."""
        return next((turn.text for turn in reversed(self.turns) if turn.role == "user" and turn.text), "")

    @property
    def since_user(self) -> tuple[Turn, ...]:
        """What came after the newest user message: the open tool loop."""
        for position in range(len(self.turns) - 1, -1, -1):
            if self.turns[position].role == "user" and self.turns[position].text:
                return self.turns[position + 1 :]
        return self.turns

    @property
    def tool_results(self) -> tuple[str, ...]:
        """What the tools returned since the newest user message."""
        return tuple(turn.text for turn in self.since_user if turn.role == "tool")

    @property
    def called_tools(self) -> tuple[str, ...]:
        """The names of the tools called since the newest user message."""
        return tuple(name for turn in self.since_user for name in turn.calls)
