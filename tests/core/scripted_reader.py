"""Readers for tests: they rate by a rule, count what they are asked, and hang or fail to order."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from threading import Event, Lock

from routellm_core.preferences.judging.responder import Answer, Message
from routellm_core.routing.prices import TokenUsage

_SHOWN = re.compile(r"<<REQUEST (\w+)>>\n(.*)\n<<END REQUEST \1>>", re.DOTALL)

USAGE = TokenUsage(300, 1)


def shown(messages: Sequence[Message]) -> str:
    """The prompt that a reader is shown."""
    found = _SHOWN.search(messages[-1]["content"])
    return "" if found is None else found[2]


def by_vowels(text: str) -> str:
    """A rating that follows from the text."""
    return str(sum(text.lower().count(vowel) for vowel in "aeiou") * 7 % 101)


class ScriptedReader:
    """Answers blocking calls by a rule; `failures` are raised first, in turn."""

    name = "scripted"
    max_tokens = 5

    def __init__(
        self,
        rule: Callable[[str], str] = by_vowels,
        *,
        failures: Sequence[BaseException] = (),
        usage: TokenUsage | None = USAGE,
    ) -> None:
        self.rule = rule
        self.failures = list(failures)
        self.usage = usage
        self.asked: list[str] = []

    def ask(self, messages: Sequence[Message]) -> Answer:
        text = shown(messages)
        self.asked.append(text)
        if self.failures:
            raise self.failures.pop(0)
        return Answer(self.rule(text), self.usage)

    async def __call__(self, messages: Sequence[Message]) -> Answer:
        return self.ask(messages)


class AsyncReader:
    """Can only be awaited."""

    name = "awaited"
    max_tokens = 5

    async def __call__(self, messages: Sequence[Message]) -> Answer:
        return Answer(by_vowels(shown(messages)), USAGE)


class HangingReader(ScriptedReader):
    """Hangs, until it is let go, on prompts that hold a word; "" for all."""

    def __init__(self, word: str = "") -> None:
        super().__init__()
        self.word = word
        self.let_go = Event()
        self.running = 0
        self.peak = 0
        self._lock = Lock()

    def ask(self, messages: Sequence[Message]) -> Answer:
        with self._lock:
            self.running += 1
            self.peak = max(self.peak, self.running)
        try:
            if self.word in shown(messages):
                self.asked.append(shown(messages))
                self.let_go.wait(30)
            return super().ask(messages)
        finally:
            with self._lock:
                self.running -= 1
