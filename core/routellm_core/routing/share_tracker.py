"""ShareTracker: a threshold that keeps the requested share of strong calls for any traffic.

The threshold is a quantile of the last scored texts. Its level is the requested share, corrected by how far
the realized share is from it: online quantile tracking as in adaptive conformal inference (Gibbs and Candès,
2021, arXiv 2106.00170, equation 2 and proposition 4.1). With step γ the share of n texts is never further
than (1 + γ) / (γ · n) from the requested one, in any order, sorted by score or shuffled.
"""

from __future__ import annotations

import math
from bisect import bisect_left, insort
from collections import OrderedDict, deque
from collections.abc import Mapping, Sequence
from threading import Lock
from typing import Any, NamedTuple

from routellm_core.checkpoints.percentile import percentile_of, two_places
from routellm_core.routing.score_cache import DEFAULT_SIZE, Key, text_key
from routellm_core.routing.threshold import goes_to_strong
from routellm_core.routing.validation import check_count, check_fraction

DEFAULT_WINDOW = 1_000
"""Distinct scored texts whose quantile is the threshold."""

WARM_UP = 200
"""Texts before the window's own quantile is used; until then it is the router's shipped one."""

STEP = 0.035
"""γ: how much one text moves the level. After 1,000 texts the share is within 0.03 of the asked one, in the
worst order; a larger step would let the threshold swing more between two calls."""

NEVER = math.nextafter(1.0, 2.0)
"""A threshold that no score reaches, in force while too many calls have gone to strong."""


class Placement(NamedTuple):
    """The place of one score among the scores it is compared with.

    Attributes:
        strong: whether the text goes to strong.
        threshold: the one in force, in [0, 1], or `NEVER`.
        percentile: the share of the compared scores below this one, 0 to 100; ties count half.
    """

    strong: bool
    threshold: float
    percentile: float

    @property
    def place(self) -> int:
        """The place of the side: 1 for strong, 0 for weak."""
        return int(self.strong)


class ShareTracker:
    """Decides by score so that a share of the texts goes to strong; safe to use from many threads.

    A repeated text, in a tool loop or a retry, keeps its decision while it is remembered, and counts
    once. Adding a text takes a few microseconds and memory stays bounded.
    """

    def __init__(
        self,
        strong_share: float,
        quantiles: Sequence[float],
        window: int = DEFAULT_WINDOW,
        remembered: int = DEFAULT_SIZE,
    ) -> None:
        """Start from the router's shipped quantiles.

        Args:
            strong_share: the share of texts for strong, in [0, 1].
            quantiles: evenly spaced quantiles of the scores on a reference mix, ascending, at least one.
            window: texts in the window, at least `WARM_UP`.
            remembered: texts whose decision is kept.

        Raises:
            ValueError: a share outside [0, 1], no quantiles, or a window that is too small.
        """
        if not quantiles:
            raise ValueError("quantiles is empty: without a window the threshold starts from them.")
        check_count(window, "share_window", at_least=WARM_UP)
        self.strong_share = check_fraction(strong_share, "strong_share")
        self._shipped = sorted(map(float, quantiles))
        self._size = window
        self._remembered = remembered
        self._placed: OrderedDict[Key, Placement] = OrderedDict()
        self._recent: deque[float] = deque()
        self._sorted: list[float] = []
        self._level = self.strong_share
        self._lock = Lock()

    @property
    def threshold(self) -> float:
        """The threshold that the next new text is compared with, in [0, 1], or `NEVER`."""
        with self._lock:
            return self._threshold(self._compared())

    def preview(self, text: str, score: float) -> Placement:
        """Return what `place` would, without changing state."""
        with self._lock:
            return self._placed.get(text_key(text)) or self._placement(score)

    def place(self, text: str, score: float, as_decided: int | None = None) -> Placement:
        """Decide one text by its score, and learn from it if it is new.

        Args:
            text: the scored text; only its key is kept.
            score: in [0, 1].
            as_decided: whether it went to strong, if already decided; None decides.
        """
        key = text_key(text)
        with self._lock:
            known = self._placed.get(key)
            if known is not None:
                self._placed.move_to_end(key)
                return known
            placement = self._placement(score)
            if as_decided is not None:
                placement = placement._replace(strong=bool(as_decided))
            self._learn(score, placement.strong)
            self._placed[key] = placement
            if len(self._placed) > self._remembered:
                self._placed.popitem(last=False)
            return placement

    def state(self) -> dict[str, Any]:
        """Return plain values for JSON: the level and the window's scores, oldest first; no text."""
        with self._lock:
            return {"strong_share": self.strong_share, "level": self._level, "scores": list(self._recent)}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Continue from a `state()`; a level for a different share is ignored.

        Raises:
            ValueError: the state is invalid; nothing is changed.
        """
        scores, level = state.get("scores"), state.get("level")
        if not isinstance(scores, Sequence) or not all(map(_is_score, scores)):
            raise ValueError("state['scores'] is no list of numbers in [0, 1]; start without a saved state.")
        if isinstance(level, bool) or not isinstance(level, int | float) or not math.isfinite(level):
            raise ValueError(f"state['level'] is {level!r}, expected a finite number.")
        recent = [float(score) for score in scores][-self._size :]
        with self._lock:
            self._recent = deque(recent)
            self._sorted = sorted(recent)
            if state.get("strong_share") == self.strong_share:
                self._level = min(max(float(level), -STEP), 1.0 + STEP)

    def _learn(self, score: float, strong: bool) -> None:
        self._level += STEP * (self.strong_share - strong)
        self._recent.append(score)
        insort(self._sorted, score)
        if len(self._recent) > self._size:
            del self._sorted[bisect_left(self._sorted, self._recent.popleft())]

    def _placement(self, score: float) -> Placement:
        scores = self._compared()
        threshold = self._threshold(scores)
        return Placement(
            goes_to_strong(score, threshold), threshold, two_places(percentile_of(score, scores))
        )

    def _compared(self) -> list[float]:
        return self._sorted if len(self._sorted) >= WARM_UP else self._shipped

    def _threshold(self, scores: list[float]) -> float:
        if self._level <= 0.0:
            return NEVER
        if self._level >= 1.0:
            return 0.0
        above = round(self._level * len(scores))
        return scores[-above] if above else math.nextafter(scores[-1], 2.0)

    # A copy or a pickle starts from the shipped quantiles again: a lock can't be copied, and two trackers
    # with one history would each correct a share that neither of them has.
    def __getstate__(self) -> dict[str, Any]:
        return {
            "strong_share": self.strong_share,
            "quantiles": self._shipped,
            "window": self._size,
            "remembered": self._remembered,
        }

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__init__(**state)  # type: ignore[misc]  # what __init__ takes is all there is


def _is_score(value: Any) -> bool:
    return not isinstance(value, bool) and isinstance(value, int | float) and 0.0 <= value <= 1.0
