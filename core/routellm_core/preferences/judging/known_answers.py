"""KnownAnswers: a model of which some answers are there already, such as in a log; those cost nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from routellm_core.preferences.judging.question import Turns, turns_of
from routellm_core.preferences.judging.responder import Answer, Message, Responder
from routellm_core.routing.prices import TokenUsage


class KnownAnswers:
    """Gives the known answer to a question, and asks the model for any other."""

    def __init__(self, responder: Responder, answers: Mapping[Turns, str]) -> None:
        """Store both.

        Args:
            responder: the model.
            answers: what was asked -> the answer.
        """
        self._responder = responder
        self._answers = answers
        self.name = responder.name
        self.max_tokens = responder.max_tokens

    def known(self, messages: Sequence[Message]) -> Answer | None:
        """Return the answer that is there already; None if the model has to be asked."""
        text = self._answers.get(turns_of(messages))
        return None if text is None else Answer(text, TokenUsage())

    async def __call__(self, messages: Sequence[Message]) -> Answer:
        """Answer from what is known, else ask once."""
        return self.known(messages) or await self._responder(messages)

    async def aclose(self) -> None:
        """Close the model's connections, if it has such."""
        close = getattr(self._responder, "aclose", None)
        if close is not None:
            await close()
