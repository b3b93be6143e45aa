"""ReadingStats: what a router's reader, a language model that rates prompts, was asked and what it cost."""

from __future__ import annotations

from dataclasses import dataclass, field

from routellm_core.routing.prices import TokenUsage


@dataclass(frozen=True, slots=True)
class ReadingStats:
    """Counts since the router was made, or within a period.

    Attributes:
        asked: calls of the model, retries included.
        rated: prompts that it rated.
        reused: prompts whose rating was known already.
        failed: prompts that it was asked about without getting a rating in time; the base router's score
            stands.
        skipped: prompts that it was not asked about because it had failed too often just before; likewise.
        tokens: as counted by the provider.
        without_tokens: answers without a token count.
        cost: at the price given; None without one.
    """

    asked: int = 0
    rated: int = 0
    reused: int = 0
    failed: int = 0
    skipped: int = 0
    tokens: TokenUsage = field(default_factory=TokenUsage)
    without_tokens: int = 0
    cost: float | None = None

    def __add__(self, other: ReadingStats) -> ReadingStats:
        return self._combined(other, 1)

    def __sub__(self, earlier: ReadingStats) -> ReadingStats:
        """Return what was counted since an earlier moment."""
        return self._combined(earlier, -1)

    def _combined(self, other: ReadingStats, sign: int) -> ReadingStats:
        mine, its = self.tokens, other.tokens
        costs = [c for c in (self.cost, None if other.cost is None else sign * other.cost) if c is not None]
        return ReadingStats(
            self.asked + sign * other.asked,
            self.rated + sign * other.rated,
            self.reused + sign * other.reused,
            self.failed + sign * other.failed,
            self.skipped + sign * other.skipped,
            TokenUsage(
                mine.input + sign * its.input,
                mine.output + sign * its.output,
                mine.cached_input + sign * its.cached_input,
            ),
            self.without_tokens + sign * other.without_tokens,
            sum(costs) if costs else None,
        )
