"""BesideCounts: what is asked beside the user's calls, the checker and weak for the shadow sample, counted.

Not safe between threads by themselves: their owner's lock guards them.
"""

from __future__ import annotations

from collections import Counter
from typing import Literal

from routellm_core.routing.prices import TokenUsage
from routellm_core.routing.routing_stats import RouteStats
from routellm_core.routing.sample_stats import SampleStats
from routellm_core.routing.token_sum import TokenSum

Outcome = Literal["answered", "failed", "left_out"]
"""What became of a call that the shadow sample drew."""


class BesideCounts:
    """Counts from zero.

    Attributes:
        uncompared: answers of weak that stayed without a comparison.
    """

    def __init__(self) -> None:
        self.uncompared = 0
        self._checker_calls = self._checker_without_tokens = 0
        self._checker_tokens = TokenSum()
        self._checker_cost = 0.0
        self._sampled: Counter[Outcome] = Counter()
        self._sample_cost = 0.0

    def add_checker(self, usage: TokenUsage | None, cost: float) -> None:
        """Add an answer of the checker; its tokens are None if unknown."""
        self._checker_calls += 1
        self._checker_cost += cost
        if usage is None:
            self._checker_without_tokens += 1
        else:
            self._checker_tokens.add(usage)

    def add_sampled(self, outcome: Outcome, cost: float) -> None:
        """Add a call of the shadow sample."""
        self._sampled[outcome] += 1
        self._sample_cost += cost

    def checker(self, *, priced: bool) -> RouteStats:
        """Return the checker's counts."""
        cost = self._checker_cost if priced else None
        return RouteStats(self._checker_calls, self._checker_tokens.usage, cost, self._checker_without_tokens)

    def sample(self, *, priced: bool) -> SampleStats:
        """Return the shadow sample's counts."""
        counted, cost = self._sampled, self._sample_cost if priced else None
        return SampleStats(counted["answered"], counted["failed"], counted["left_out"], cost)
