"""KnownAnswers: a model of which some answers are there already, such as in a log; those cost nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from routellm_core.preferences.judging.responder import Answer, Message, Responder
from routellm_core.routing.prices import TokenUsage


class KnownAnswers:
    """Gives the known answer to a prompt, and asks the model for any other."""

    def __init__(self, responder: Responder, answers: Mapping[str, str]) -> None:
        """Store both.

        Args:
            responder: the model.
            answers: prompt -> its answer.
        """
        self._responder = responder
        self._answers = answers
        self.name = responder.name
        self.max_tokens = responder.max_tokens

    async def __call__(self, messages: Sequence[Message]) -> Answer:
        """Answer from what is known, else ask once."""
        known = self._answers.get(messages[-1]["content"]) if len(messages) == 1 else None
        return await self._responder(messages) if known is None else Answer(known, TokenUsage())

    async def aclose(self) -> None:
        """Close the model's connections, if it has such."""
        close = getattr(self._responder, "aclose", None)
        if close is not None:
            await close()
