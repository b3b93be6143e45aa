"""PromptReader: ratings of prompts by a language model, each asked for once and never waited for long."""

from __future__ import annotations

import asyncio
import logging
import random
import time
import warnings
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from queue import Empty, SimpleQueue

from routellm_core.preferences.judging.failure import Failure, RetryPolicy
from routellm_core.preferences.judging.reported_usage import believable_usage
from routellm_core.preferences.judging.responder import Answer, BlockingResponder, Message, Responder
from routellm_core.preferences.judging.spend import most_usage
from routellm_core.reader.pause import Entry, Pause
from routellm_core.reader.rating_prompt import parse_rating, rating_messages
from routellm_core.reader.reading_counter import ReadingCounter
from routellm_core.reader.reading_threads import ReadingThreads
from routellm_core.router import RouterError
from routellm_core.routing.prices import Price, TokenUsage
from routellm_core.routing.reading_stats import ReadingStats
from routellm_core.routing.score_cache import ScoreCache
from routellm_core.routing.validation import check_count, check_positive

REMEMBERED = 16_384
"""Ratings that are kept in memory."""

LONGEST_TIMEOUT = 600.0
MOST_AT_ONCE = 256
"""Bounds of what a saved router may ask for."""

_LEFT_ALONE = "it is left alone for a while after several failures in a row"

_RETRIES = RetryPolicy(first_wait=0.25, longest_wait=5.0)

_LOG = logging.getLogger(__name__)


class ReaderWarning(UserWarning):
    """A reader gave no rating, and the base router's score stands; said once for each reader."""


@dataclass(frozen=True, slots=True)
class _Outcome:
    prompt: str
    rating: int | None = None
    failure: str = ""


@dataclass(slots=True)
class _Round:
    """What one caller waits for; `over` as soon as it does so no longer."""

    missing: set[str]
    began: float = field(default_factory=time.monotonic)
    found: dict[str, int] = field(default_factory=dict)
    failures: list[str] = field(default_factory=list)
    over: bool = False

    def take(self, outcome: _Outcome) -> None:
        self.missing.discard(outcome.prompt)
        if outcome.rating is not None:
            self.found[outcome.prompt] = outcome.rating
        else:
            self.failures.append(outcome.failure)


class PromptReader:
    """Asks a model for ratings, in threads of its own; safe between threads and event loops.

    A model that also answers blocking calls (`BlockingResponder`: OpenAIResponder and both adapters'
    `responder(model)`) is asked by them, since the connections of an async client belong to one event loop.
    Any other is awaited in an event loop made for the one call.
    """

    def __init__(
        self, responder: Responder, *, timeout: float, concurrency: int, price: Price | None, strict: bool
    ) -> None:
        """Store the settings; `ReaderRouter` describes them.

        Raises:
            ValueError: one is not what was expected; the message names it.
        """
        if not isinstance(responder, Responder):
            raise ValueError(
                f"responder is {type(responder).__name__}, expected what responder(model) of an adapter "
                "makes, or OpenAIResponder(name)."
            )
        self.responder = responder
        self.timeout = check_positive(timeout, "timeout", at_most=LONGEST_TIMEOUT)
        self.concurrency = check_count(concurrency, "concurrency")
        if self.concurrency > MOST_AT_ONCE:
            raise ValueError(f"concurrency is {concurrency!r}, expected at most {MOST_AT_ONCE}.")
        self.strict = strict
        self._threads = ReadingThreads(self.concurrency)
        self._known = ScoreCache(REMEMBERED)
        self._pause = Pause()
        self._counter = ReadingCounter(price)
        self._warned = False

    @property
    def price(self) -> Price | None:
        """The model's price; None if unknown."""
        return self._counter.price

    def stats(self) -> ReadingStats:
        """Return what was asked so far."""
        return self._counter.snapshot()

    def charge(self, prompt: str) -> float:
        """Return what reading a prompt has cost since this was last asked."""
        return self._counter.charge(prompt)

    def ratings(self, prompts: Sequence[str]) -> dict[str, int]:
        """Return prompt -> rating, 0 to 100; a prompt without one is missing, a blank one is never asked.

        Waits until no rating has come for `timeout` seconds.

        Raises:
            RouterError: a rating is missing, and the reader is strict.
        """
        known, unknown = self._remembered(prompts)
        if not unknown:
            return known
        arrived: SimpleQueue[_Outcome] = SimpleQueue()
        current = self._started(unknown, arrived.put)
        with suppress(Empty):
            while current.missing:
                current.take(arrived.get(timeout=self.timeout))
        return known | self._ended(current)

    async def aratings(self, prompts: Sequence[str]) -> dict[str, int]:
        """Return the same without blocking the event loop."""
        known, unknown = self._remembered(prompts)
        if not unknown:
            return known
        loop = asyncio.get_running_loop()
        arrived: asyncio.Queue[_Outcome] = asyncio.Queue()

        def deliver(outcome: _Outcome) -> None:
            with suppress(RuntimeError):  # the loop is closed: nobody waits any more
                loop.call_soon_threadsafe(arrived.put_nowait, outcome)

        current = self._started(unknown, deliver)
        try:
            with suppress(TimeoutError):
                while current.missing:
                    async with asyncio.timeout(self.timeout):
                        outcome = await arrived.get()
                    current.take(outcome)
        finally:
            current.over = True
        return known | self._ended(current)

    def _remembered(self, prompts: Sequence[str]) -> tuple[dict[str, int], list[str]]:
        known: dict[str, int] = {}
        unknown = []
        for prompt in dict.fromkeys(prompts):
            rating = self._known.known(prompt)
            if rating is not None:
                known[prompt] = int(rating)
            elif prompt.strip():
                unknown.append(prompt)
        if known:
            self._counter.count(reused=len(known))
        return known, unknown

    def _started(self, prompts: list[str], deliver: Callable[[_Outcome], None]) -> _Round:
        current = _Round(set(prompts))
        for prompt in prompts:
            entry: Entry = "open" if self.strict else self._pause.entry()
            if entry == "closed":
                # Said here: all threads may be held by calls that hang.
                self._counter.count(skipped=1)
                current.take(_Outcome(prompt, failure=_LEFT_ALONE))
            else:
                self._threads.start(partial(self._read, prompt, current, deliver, entry))
        return current

    def _ended(self, current: _Round) -> dict[str, int]:
        current.over = True
        late = len(current.missing)
        if late:
            self._counter.count(failed=late)
            self._pause.late(late, current.began)
            current.failures += [f"no answer within {self.timeout:g} s"] * late
        if current.failures:
            self._tell(current.failures)
        return current.found

    def _read(self, prompt: str, current: _Round, deliver: Callable[[_Outcome], None], entry: Entry) -> None:
        """Read one prompt in a thread; never raises, and delivers unless nobody waits any more."""
        if current.over:
            return
        if entry == "open" and not self.strict and self._pause.closed:
            self._counter.count(skipped=1)
            deliver(_Outcome(prompt, failure=_LEFT_ALONE))
            return
        try:
            outcome = self._asked(prompt)
        except BaseException as error:
            # A cancellation or a panic, too: it would end the thread, and its place would never be free.
            outcome = _Outcome(prompt, failure=type(error).__name__)
        if outcome.rating is not None:
            # A rating that comes too late for this caller is there for the next one.
            self._known.remember(prompt, float(outcome.rating))
            self._counter.count(rated=1)
            self._pause.answered()
        elif not current.over:
            self._counter.count(failed=1)
            self._pause.failed()
        deliver(outcome)

    def _asked(self, prompt: str) -> _Outcome:
        """Ask until there is an answer, or none is to be expected in time."""
        messages = rating_messages(prompt)
        end, failures = time.monotonic() + self.timeout, 0
        while True:
            self._counter.count_call()
            try:
                answer = self._answer(messages)
            except Exception as error:
                failure = Failure.from_error(error, getattr(self.responder, "secrets", ()))
                failures += 1
                wait = _RETRIES.wait(failures, failure, random.Random())
                if failure.kind not in ("retry", "lost") or time.monotonic() + wait >= end:
                    return _Outcome(prompt, failure=failure.summary)
                time.sleep(wait)
                continue
            self._counter.count_tokens(prompt, self._counted(answer, messages))
            rating = parse_rating(answer)
            return _Outcome(
                prompt, rating, "" if rating is not None else "its answer is no number from 0 to 100"
            )

    def _answer(self, messages: Sequence[Message]) -> Answer:
        if isinstance(self.responder, BlockingResponder):
            answer = self.responder.ask(messages)
        else:
            answer = asyncio.run(_awaited(self.responder, messages, self.timeout))
        if not isinstance(answer, Answer) or not isinstance(answer.text, str):
            raise TypeError(f"{self.responder.name} returned {type(answer).__name__}, expected an Answer.")
        return answer

    def _counted(self, answer: Answer, messages: Sequence[Message]) -> TokenUsage | None:
        if answer.usage is None:
            return None
        # What can't be true counts as the most that the call could use.
        most = most_usage(self.responder, messages)
        counted = believable_usage(answer.usage, most)
        return most if counted is None else counted

    def _tell(self, failures: Sequence[str]) -> None:
        name = f"reader {self.responder.name!r}"
        if self.strict:
            raise RouterError(f"{name} gave no rating of {len(failures)} prompts: {failures[0]}.")
        if self._warned:
            return
        self._warned = True
        message = (
            f"{name} gave no rating: {failures[0]}. The base router's score stands. This is said once; "
            "routing_stats().reader, or the router's reading_stats(), counts how often."
        )
        try:
            warnings.warn(message, ReaderWarning, stacklevel=2)
        except ReaderWarning:
            # Somebody runs with warnings as errors; a failing reader still must not fail the call.
            _LOG.warning(message)


async def _awaited(responder: Responder, messages: Sequence[Message], seconds: float) -> Answer:
    async with asyncio.timeout(seconds):
        return await responder(messages)
