"""Models for tests of judging: they answer by a script, count what they were asked, and fail to order."""

from __future__ import annotations

import asyncio
import re
from collections import Counter
from collections.abc import Callable, Sequence

from routellm_core.preferences.judging.responder import Answer, Message
from routellm_core.routing.prices import TokenUsage

_REPLY = re.compile(r"<<REPLY ([AB]) (\w+)>>\n(.*)\n<<END REPLY \1 \2>>", re.DOTALL)


USAGE = TokenUsage(100, 50)


class ScriptedModel:
    """Answers what a function makes of the last message; `failures` are raised first, in turn."""

    def __init__(
        self,
        name: str,
        answer: Callable[[str], str] | str | None = None,
        *,
        failures: Sequence[Exception] = (),
        usage: TokenUsage | None = USAGE,
        max_tokens: int = 50,
    ) -> None:
        self.name = name
        self.max_tokens = max_tokens
        self.failures = list(failures)
        self.asked: Counter[str] = Counter()
        self.running = 0
        self.peak = 0
        self._answer = answer
        self._usage = usage

    async def __call__(self, messages: Sequence[Message]) -> Answer:
        text = messages[-1]["content"]
        self.asked[text] += 1
        self.running += 1
        self.peak = max(self.peak, self.running)
        await asyncio.sleep(0)
        self.running -= 1
        if self.failures:
            raise self.failures.pop(0)
        if self._answer is None:
            return Answer(f"{self.name} on {text}", self._usage)
        return Answer(self._answer if isinstance(self._answer, str) else self._answer(text), self._usage)


def replies(text: str) -> dict[str, str]:
    """What a judge is shown: letter -> reply."""
    return {letter: reply for letter, _, reply in _REPLY.findall(text)}


def prefers(word: str) -> Callable[[str], str]:
    """A judge's script: the reply that holds a word, wherever it stands; a tie where both or none do."""

    def judge(text: str) -> str:
        holders = [letter for letter, reply in sorted(replies(text).items()) if word in reply]
        return f"I looked at both.\n[[{holders[0] if len(holders) == 1 else 'C'}]]"

    return judge


class ProviderError(Exception):
    """What a provider's library raises: a status and headers, found as the common libraries have them."""

    def __init__(self, status: int, message: str = "no", headers: dict[str, str] | None = None) -> None:
        super().__init__(message)
        self.status_code = status
        self.headers = headers or {}
