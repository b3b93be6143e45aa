"""Drift windows: counts over the last calls, and when something that lasts is reported again."""

from __future__ import annotations

from collections import deque

BINS = 20
"""Parts of the expected distribution that scores are counted in."""

SHORT_WINDOW = 200
"""Calls in the short window, and before the first comparison."""

LONG_WINDOW = 1_000
"""Calls in the long window."""

LONGEST_WAIT = 100_000
"""Most calls between reports of lasting drift."""


class ShareWindow:
    """How often something was true among the last calls."""

    def __init__(self, size: int) -> None:
        self._last: deque[bool] = deque(maxlen=size)
        self._hits = 0

    @property
    def count(self) -> int:
        """Calls in the window."""
        return len(self._last)

    @property
    def share(self) -> float:
        """Share of the calls in the window that it was true of."""
        return self._hits / len(self._last)

    def add(self, hit: bool) -> None:
        """Count a call."""
        if len(self._last) == self._last.maxlen:
            self._hits -= self._last[0]
        self._last.append(hit)
        self._hits += hit


class ScoreWindow:
    """The bins of the last scores."""

    def __init__(self, edges: list[float], size: int) -> None:
        self._edges = edges
        self._last: deque[int] = deque(maxlen=size)
        self._bins = [0] * (BINS + 1)

    @property
    def count(self) -> int:
        """Calls in the window."""
        return len(self._last)

    def add(self, part: int) -> None:
        """Count a call by the bin of its score."""
        if len(self._last) == self._last.maxlen:
            self._bins[self._last[0]] -= 1
        self._last.append(part)
        self._bins[part] += 1

    def shift(self) -> float:
        """Return the largest difference between cumulative shares, counted against expected."""
        shift, below = 0.0, 0
        for part, edge in enumerate(self._edges):
            below += self._bins[part]
            # equal edges are one: their share is the last one's
            if part + 1 == len(self._edges) or self._edges[part + 1] > edge:
                shift = max(shift, abs(below / self.count - (part + 1) / BINS))
        # scores above all edges are in no bin: they show in the last difference
        return shift


class BackOff:
    """When something that lasts is reported again: after 1,000 calls, then after twice as many each time."""

    def __init__(self) -> None:
        self._wait = LONG_WINDOW
        self._next = 0
        self._gone_since: int | None = None

    def tells(self, now: int, found: bool) -> bool:
        """Return whether to report at this count of calls."""
        if not found:
            self._gone_since = now if self._gone_since is None else self._gone_since
            if now - self._gone_since >= LONG_WINDOW:
                self._wait, self._next = LONG_WINDOW, now
            return False
        self._gone_since = None
        if now < self._next:
            return False
        self._next = now + self._wait
        self._wait = min(2 * self._wait, LONGEST_WAIT)
        return True
