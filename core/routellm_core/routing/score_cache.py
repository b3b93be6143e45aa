"""ScoreCache: each distinct text is scored once for all threads and tasks, as long as it is cached."""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Iterable
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass
from threading import Lock
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from asyncio import AbstractEventLoop

DEFAULT_SIZE = 4096

# A longer text is keyed by its digest, so that the cache's memory is bounded too.
_LONGEST_KEY = 256

Key = str | bytes


class AbandonedError(Exception):
    """The caller that was scoring a text was cancelled; waiting callers ask again."""


class PendingScore(Future[float]):
    """A score in the making; `loop` is the event loop that it depends on, None for none."""

    def __init__(self, loop: AbstractEventLoop | None) -> None:
        super().__init__()
        self.loop = loop

    def needs_another(self, loop: AbstractEventLoop | None) -> bool:
        """Return whether a caller on this loop (None: on none) could block what the score waits for."""
        return not self.done() and self.loop is not None and self.loop is not loop


@dataclass(frozen=True, slots=True)
class Claim:
    """Every distinct text of one caller with its pending score, and those that the caller must settle."""

    futures: dict[str, PendingScore]
    mine: list[str]


class ScoreCache:
    """A bounded, thread-safe LRU of scores, with the scores that are being computed right now.

    A score that failed is forgotten, so the next call tries again.
    """

    def __init__(self, size: int = DEFAULT_SIZE) -> None:
        self._size = size
        self._entries: OrderedDict[Key, float | PendingScore] = OrderedDict()
        self._lock = Lock()

    def known(self, text: str) -> float | None:
        """Return the score of a text that has one already, else None; never waits."""
        # No lock: each step is atomic.
        key = text_key(text)
        found = self._entries.get(key)
        if not isinstance(found, float):
            return None
        with suppress(KeyError):  # evicted in the meantime
            self._entries.move_to_end(key)
        return found

    def remember(self, text: str, score: float) -> None:
        """Store the score of a text that no caller waited for."""
        with self._lock:
            self._entries[text_key(text)] = score
            if len(self._entries) > self._size:
                self._forget_oldest()

    def claim(self, texts: Iterable[str], loop: AbstractEventLoop | None = None) -> Claim:
        """Share out the scoring of texts.

        Args:
            texts: what the caller needs scores for.
            loop: the caller is a coroutine that awaits the router on this loop. Only coroutines of the same
                loop wait for such a caller. A thread, or another loop in it, may be blocking the very loop
                that the coroutine needs, so it scores for itself.
        """
        claim = Claim({}, [])
        with self._lock:
            for text in texts:
                if text not in claim.futures:
                    claim.futures[text] = self._entry(text_key(text), text, claim.mine, loop)
            self._forget_oldest()
        return claim

    def settle(self, claim: Claim, scores: Iterable[float]) -> None:
        """Hand out the scores of the claimed texts, in their order."""
        settled = list(zip(claim.mine, scores, strict=True))
        with self._lock:
            for text, score in settled:
                key = text_key(text)
                if self._entries.get(key) is claim.futures[text]:
                    self._entries[key] = score
        for text, score in settled:
            claim.futures[text].set_result(score)

    def fail(self, claim: Claim, error: BaseException) -> None:
        """Hand out an error for the claimed texts, and forget them."""
        with self._lock:
            for text in claim.mine:
                key = text_key(text)
                if self._entries.get(key) is claim.futures[text]:
                    del self._entries[key]
        for text in claim.mine:
            claim.futures[text].set_exception(error)

    def _entry(self, key: Key, text: str, mine: list[str], loop: AbstractEventLoop | None) -> PendingScore:
        found = self._entries.get(key)
        if isinstance(found, float):
            pending = PendingScore(None)
            pending.set_result(found)
        elif found is None or found.needs_another(loop):
            mine.append(text)
            pending = self._entries[key] = PendingScore(loop)
        else:
            pending = found
        self._entries.move_to_end(key)
        return pending

    def _forget_oldest(self) -> None:
        while len(self._entries) > self._size:
            self._entries.popitem(last=False)

    # A copy or a pickle starts empty: scores are cheap to recompute, locks and futures can't be copied.
    def __getstate__(self) -> dict[str, Any]:
        return {"size": self._size}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__init__(state["size"])  # type: ignore[misc]  # the state of a new cache is what __init__ makes


def text_key(text: str) -> Key:
    """Return a text's key: itself, or the digest of a long one."""
    if len(text) <= _LONGEST_KEY:
        return text
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).digest()
