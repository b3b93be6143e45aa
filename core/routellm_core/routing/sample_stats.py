"""SampleStats: what became of the calls that the shadow sample drew, and what weak's answers to them cost."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class SampleStats:
    """Counts since the start or the last reset.

    Attributes:
        answered: calls that weak answered too, in the background.
        failed: calls that weak failed.
        left_out: calls that weak was not asked: it can't serve them, the cap has no room, too many wait, or
            the program ends.
        cost: of weak's answers; None without prices. No other cost of the statistics holds it.
    """

    answered: int = 0
    failed: int = 0
    left_out: int = 0
    cost: float | None = None

    def __add__(self, other: SampleStats) -> SampleStats:
        costs = [cost for cost in (self.cost, other.cost) if cost is not None]
        return SampleStats(
            self.answered + other.answered,
            self.failed + other.failed,
            self.left_out + other.left_out,
            sum(costs) if costs else None,
        )
