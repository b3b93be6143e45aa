"""TierShares: thresholds between several tiers that keep each one's share of the texts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from threading import Lock
from typing import Any, NamedTuple

from routellm_core.routing.share_tracker import DEFAULT_WINDOW, Placement, ShareTracker


class TierPlacement(NamedTuple):
    """The tier of one score.

    Attributes:
        place: of the tier, 0 for the lowest.
        threshold: the border that the score has reached, or the lowest one if it has reached none.
        percentile: as in `Placement`.
    """

    place: int
    threshold: float
    percentile: float


class TierShares:
    """Decides by score so that each tier gets its share of the texts; safe to use from many threads.

    Between each two tiers a `ShareTracker` keeps the share of all tiers above it. A text goes to the highest
    tier whose border it reaches, and every border learns of that, so that borders that crossed for a moment
    move apart again. With k borders, each share is within (1 + k·γ) / (γ · n) of the asked one after n texts.
    """

    def __init__(
        self, shares: Sequence[float], quantiles: Sequence[float], window: int = DEFAULT_WINDOW
    ) -> None:
        """Start from the router's shipped quantiles.

        Args:
            shares: of each tier from the lowest to the highest, in [0, 1]; their sum is 1.
            quantiles: as `ShareTracker` takes them.
            window: as `ShareTracker` takes it.

        Raises:
            ValueError: as `ShareTracker`.
        """
        self.shares = tuple(shares)
        self._given = (quantiles, window)
        # Rounding must not push a sum of shares out of [0, 1].
        above = [min(1.0, max(0.0, sum(self.shares[place:]))) for place in range(1, len(self.shares))]
        self.borders = tuple(ShareTracker(share, quantiles, window) for share in above)
        self._lock = Lock()

    @property
    def threshold(self) -> float:
        """The border of the highest tier that the next new text is compared with."""
        return self.borders[-1].threshold

    def preview(self, text: str, score: float) -> TierPlacement:
        """Return what `place` would, without changing state."""
        with self._lock:
            return _placed([border.preview(text, score) for border in self.borders])

    def place(self, text: str, score: float, as_decided: int | None = None) -> TierPlacement:
        """Decide one text by its score, and learn from it if it is new.

        Args:
            text: the scored text.
            score: in [0, 1].
            as_decided: the place of the tier it went to, if already decided; None decides.
        """
        with self._lock:
            placed = _placed([border.preview(text, score) for border in self.borders])
            place = placed.place if as_decided is None else as_decided
            for number, border in enumerate(self.borders, start=1):
                border.place(text, score, as_decided=place >= number)
            return placed if as_decided is None else placed._replace(place=place)

    # As with one border, a copy starts from the shipped quantiles again.
    def __getstate__(self) -> dict[str, Any]:
        quantiles, window = self._given
        return {"shares": self.shares, "quantiles": quantiles, "window": window}

    def __setstate__(self, state: Mapping[str, Any]) -> None:
        self.__init__(**state)  # type: ignore[misc]  # what __init__ takes is all there is


def _placed(placements: Sequence[Placement]) -> TierPlacement:
    reached = [number for number, placement in enumerate(placements, start=1) if placement.strong]
    place = max(reached, default=0)
    border = placements[max(place - 1, 0)]
    return TierPlacement(place, border.threshold, border.percentile)
