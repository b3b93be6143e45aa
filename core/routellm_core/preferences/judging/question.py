"""Question: what both models are asked, a lone prompt or a conversation with its context."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from routellm_core.preferences.judging.responder import Message
from routellm_core.preferences.reading.messages import Message as LoggedMessage
from routellm_core.preferences.reading.messages import is_human

Turns = tuple[tuple[str, str], ...]
"""Role and text of each message, in their order; unlike a list of messages, a key."""


def plain_turns(prompt: str) -> Turns:
    """Return the turns of a prompt alone."""
    return (("user", prompt),)


def turns_of(messages: Sequence[Message]) -> Turns:
    """Return messages as turns."""
    return tuple((message["role"], message["content"]) for message in messages)


@dataclass(frozen=True)
class Question:
    """One question.

    Attributes:
        text: what the router scores; the prompt of the battle or label.
        turns: what the models are asked.
    """

    text: str
    turns: Turns

    @classmethod
    def from_prompt(cls, prompt: str | Question) -> Question:
        """Return the question that a prompt asks alone; a question is returned as it is."""
        return prompt if isinstance(prompt, Question) else cls(prompt, plain_turns(prompt))

    @classmethod
    def from_conversation(cls, text: str, messages: Sequence[LoggedMessage]) -> Question:
        """Return what a logged conversation asks: all up to a person's newest turn, without tools.

        Args:
            text: what the router scores.
            messages: the conversation.
        """
        kept = _asked(messages)
        turns = tuple(
            (message.role, message.text)
            for message in kept
            if message.role != "tool" and message.text.strip()
        )
        # A prompt alone is asked without the space around it, and so is found in the logs of earlier runs.
        alone = len(turns) <= 1 and text == "".join(said for _, said in turns).strip()
        return cls(text, plain_turns(text) if alone or not turns else turns)

    @property
    def is_conversation(self) -> bool:
        """Whether more is asked than a prompt alone."""
        return len(self.turns) > 1 or self.turns[0][0] != "user"

    def messages(self) -> list[Message]:
        """Return what the models are asked, as messages."""
        return [{"role": role, "content": text} for role, text in self.turns]


def needs_no_tools(messages: Sequence[LoggedMessage]) -> bool:
    """Return whether the whole conversation can be asked as text: no tool steps and no pictures."""
    asked = _asked(messages)
    return len(asked) == len(messages) and all(
        message.role != "tool" and message.text.strip() for message in messages
    )


def _asked(messages: Sequence[LoggedMessage]) -> Sequence[LoggedMessage]:
    newest = max((place for place in range(len(messages)) if is_human(messages, place)), default=-1)
    return messages[: newest + 1]
