"""ReadingCounter: counts readings, their tokens and what they cost."""

from __future__ import annotations

from collections import OrderedDict
from threading import Lock
from typing import Any

from routellm_core.routing.prices import Price, TokenUsage
from routellm_core.routing.reading_stats import ReadingStats
from routellm_core.routing.score_cache import Key, text_key

_MOST_DUE = 4096


class ReadingCounter:
    """Counts; safe between threads."""

    def __init__(self, price: Price | None = None) -> None:
        """Store the reader's price; None if unknown."""
        self.price = price
        self._lock = Lock()
        self._stats = ReadingStats(cost=None if price is None else 0.0)
        self._due: OrderedDict[Key, float] = OrderedDict()

    def count(self, *, rated: int = 0, reused: int = 0, failed: int = 0, skipped: int = 0) -> None:
        """Count prompts."""
        with self._lock:
            self._stats += ReadingStats(rated=rated, reused=reused, failed=failed, skipped=skipped)

    def count_call(self) -> None:
        """Count a call of the model."""
        with self._lock:
            self._stats += ReadingStats(asked=1)

    def count_tokens(self, prompt: str, usage: TokenUsage | None) -> None:
        """Count the tokens of one answer; None if unknown."""
        if usage is None:
            with self._lock:
                self._stats += ReadingStats(without_tokens=1)
            return
        cost = None if self.price is None else self.price.cost(usage)
        with self._lock:
            self._stats += ReadingStats(tokens=usage, cost=cost)
            if cost:
                key = text_key(prompt)
                self._due[key] = self._due.get(key, 0.0) + cost
                if len(self._due) > _MOST_DUE:
                    self._due.popitem(last=False)

    def charge(self, prompt: str) -> float:
        """Return what reading a prompt has cost since this was last asked; 0 if nothing or unknown."""
        if not self._due:
            return 0.0
        with self._lock:
            return self._due.pop(text_key(prompt), 0.0)

    def snapshot(self) -> ReadingStats:
        """Return the counts so far."""
        with self._lock:
            return self._stats

    # A copy or a pickle counts separately, from zero.
    def __getstate__(self) -> dict[str, Any]:
        return {"price": self.price}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__init__(**state)  # type: ignore[misc]  # the state of a new counter is what __init__ makes
