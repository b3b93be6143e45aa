"""Statistics: what was routed where, what it cost, and what it would have cost on strong alone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from functools import reduce
from typing import Any

from routellm_core.routing.decision import Reason
from routellm_core.routing.prices import TokenUsage
from routellm_core.routing.reading_stats import ReadingStats
from routellm_core.routing.sample_stats import SampleStats


@dataclass(frozen=True, slots=True)
class RouteStats:
    """One side's share of the counts.

    Attributes:
        calls: calls sent to this side, including those escalated afterwards.
        tokens: as counted by the provider.
        cost: at the prices given; None without prices.
        without_tokens: answers without a token count, which is common for streams.
    """

    calls: int = 0
    tokens: TokenUsage = field(default_factory=TokenUsage)
    cost: float | None = None
    without_tokens: int = 0

    def __add__(self, other: RouteStats) -> RouteStats:
        return RouteStats(
            self.calls + other.calls,
            self.tokens + other.tokens,
            _sum(self.cost, other.cost),
            self.without_tokens + other.without_tokens,
        )


@dataclass(frozen=True, slots=True)
class RoutingStats:
    """A snapshot; `to_dict()` gives plain values for JSON.

    Attributes:
        requests: routed calls; one that was escalated counts once here and once on each side.
        strong: the strong side's calls, tokens and cost.
        weak: the weak side's.
        reasons: reason -> routed calls; an escalated call counts under its first reason.
        escalations: calls that the other side answered after an error or a rejected answer.
        switches: calls routed, before any escalation, to a side different from that of the
            conversation's previous answer.
        switch_cost: the most that these switches cost in lost prompt caches: the tokens that stood in the
            conversation before, and that the new side did not read from its cache, at its price of input less
            that of cached input. None without prices for cached input.
        strong_share: share of the routed calls that strong answered, in [0, 1]; None before the first one.
        scored_share: the same, of the calls that the score decided; None before the first one.
        asked_share: the requested share, or that of the calibration; None if a threshold was
            given instead.
        score_shift: how far the scores are from the calibrated or shipped distribution: the largest
            difference between cumulative shares, in [0, 1]; None before the first score or if unknown.
        cost: of both sides, and of the router's reader where its price is known; None without prices.
        always_strong_cost: of the same answers at strong's prices, escalated weak calls left out; it assumes
            that strong would have used as many tokens.
        saved: share of always_strong_cost that was saved, at most 1; None without prices or tokens, or if
            more than one answer in twenty came without tokens or the reader has no price, since it would be
            wrong.
        scored: calls that the score decided.
        checker: the calls, tokens and cost of the checker of `escalate_if=Disagreement(...)`, which `cost`
            and `saved` count as well.
        shadow_cost: in shadow mode, what the same answers would have cost routed, at weak's prices if
            weak would have given them; None without prices or shadow calls.
        shadow_saved: the share of their cost that routing would have saved; None as `shadow_cost`.
        tiers: of more than two tiers, each one's calls, tokens and cost, from the lowest to the highest;
            `weak` is the lowest of them then, and `strong` the highest.
        gate_failures: answers that stayed because `escalate_if` failed on them.
        uncompared: answers of weak that `escalate_if=Disagreement(...)` left uncompared: the checker failed,
            took too long or can't take such a call, or tools had been run already.
        sample: what became of the calls that `shadow_sample=` drew.
        reader: what the router's reader was asked, by other pairs with the same router too; None without.
    """

    requests: int
    strong: RouteStats
    weak: RouteStats
    reasons: dict[Reason, int]
    escalations: int
    switches: int
    strong_share: float | None
    scored_share: float | None
    asked_share: float | None
    score_shift: float | None
    cost: float | None
    always_strong_cost: float | None
    saved: float | None
    scored: int = 0
    checker: RouteStats = field(default_factory=RouteStats)
    shadow_cost: float | None = None
    shadow_saved: float | None = None
    switch_cost: float | None = None
    tiers: dict[str, RouteStats] = field(default_factory=dict)
    reader: ReadingStats | None = None
    gate_failures: int = 0
    uncompared: int = 0
    sample: SampleStats = field(default_factory=SampleStats)

    @classmethod
    def merged(cls, parts: Iterable[RoutingStats]) -> RoutingStats:
        """Return the statistics of several processes together; parts must not overlap.

        `asked_share` is kept if all agree; `score_shift` is the largest one.

        Raises:
            ValueError: there are none.
        """
        listed = list(parts)
        if not listed:
            raise ValueError("there are no statistics to merge.")
        return reduce(_merged, listed)

    def to_dict(self) -> dict[str, Any]:
        """Return plain Python values; a pair's have no `tiers`."""
        values = asdict(self)
        if not self.tiers:
            del values["tiers"]
        return values


MOST_WITHOUT_TOKENS = 0.05
"""Share of answers without tokens above which `saved` is None."""


def saved_share(
    cost: float | None,
    always_strong_cost: float | None,
    *sides: RouteStats,
    reader: ReadingStats | None = None,
) -> float | None:
    """Return the saved share; None if unknown."""
    if cost is None or not always_strong_cost:
        return None
    if reader is not None and reader.asked and reader.cost is None:
        return None
    for side in sides:
        if side.without_tokens > MOST_WITHOUT_TOKENS * max(1, side.calls):
            return None
    return 1.0 - cost / always_strong_cost


def _merged(one: RoutingStats, other: RoutingStats) -> RoutingStats:
    requests, scored = one.requests + other.requests, one.scored + other.scored
    strong, weak, checker = one.strong + other.strong, one.weak + other.weak, one.checker + other.checker
    cost, always = _sum(one.cost, other.cost), _sum(one.always_strong_cost, other.always_strong_cost)
    shadow_cost = _sum(one.shadow_cost, other.shadow_cost)
    tiers = {
        name: one.tiers.get(name, RouteStats()) + other.tiers.get(name, RouteStats())
        for name in {**one.tiers, **other.tiers}
    }
    reader = other.reader if one.reader is None else one.reader
    if one.reader is not None and other.reader is not None:
        reader = one.reader + other.reader
    shifts = [part.score_shift for part in (one, other) if part.score_shift is not None]
    return RoutingStats(
        requests=requests,
        strong=strong,
        weak=weak,
        reasons=dict(Counter(one.reasons) + Counter(other.reasons)),
        escalations=one.escalations + other.escalations,
        gate_failures=one.gate_failures + other.gate_failures,
        uncompared=one.uncompared + other.uncompared,
        sample=one.sample + other.sample,
        switches=one.switches + other.switches,
        switch_cost=_sum(one.switch_cost, other.switch_cost),
        strong_share=_mean(one.strong_share, one.requests, other.strong_share, other.requests),
        scored_share=_mean(one.scored_share, one.scored, other.scored_share, other.scored),
        asked_share=one.asked_share if one.asked_share == other.asked_share else None,
        score_shift=max(shifts, default=None),
        cost=cost,
        always_strong_cost=always,
        saved=saved_share(cost, always, *(tiers.values() or (strong, weak)), checker, reader=reader),
        reader=reader,
        scored=scored,
        checker=checker,
        shadow_cost=shadow_cost,
        shadow_saved=_mean(one.shadow_saved, one.cost or 0.0, other.shadow_saved, other.cost or 0.0),
        tiers=tiers,
    )


def _sum(one: float | None, other: float | None) -> float | None:
    return one if other is None else other if one is None else one + other


def _mean(one: float | None, weight: float, other: float | None, its: float) -> float | None:
    parts = [(value, part) for value, part in ((one, weight), (other, its)) if value is not None and part]
    total = sum(part for _, part in parts)
    return sum(value * part for value, part in parts) / total if total else None
