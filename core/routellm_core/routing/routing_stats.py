"""Statistics: what was routed where, what it cost, and what it would have cost on strong alone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from threading import Lock
from typing import Any

from routellm_core.routing.decision import Decision, Reason, Route, other_side
from routellm_core.routing.drift import DriftWatch, ExpectedTraffic, warn_of
from routellm_core.routing.prices import Prices, TokenUsage


@dataclass(frozen=True, slots=True)
class RouteStats:
    """One side's part.

    Attributes:
        calls: calls that this side was asked to answer, those that were then escalated included.
        tokens: what the provider counted.
        cost: at the prices given; None without prices.
    """

    calls: int = 0
    tokens: TokenUsage = field(default_factory=TokenUsage)
    cost: float | None = None


@dataclass(frozen=True, slots=True)
class RoutingStats:
    """A snapshot; `to_dict()` gives plain values for JSON.

    Attributes:
        requests: routed calls; one that was escalated counts once here and once on each side.
        strong: the strong side's calls, tokens and cost.
        weak: the weak side's.
        reasons: reason -> routed calls; an escalated call counts under its first reason.
        escalations: calls that the other side answered after an error or a rejected answer.
        switches: calls routed, before any escalation, to another side than the one that gave the
            conversation's previous answer.
        strong_share: share of the routed calls that strong answered, in [0, 1]; None before the first one.
        scored_share: the same, of the calls that the score decided; None before the first one.
        asked_share: the share that was asked for, or that the calibration found; None where a threshold was
            given instead.
        score_shift: how far the scores are from the calibrated or shipped distribution: the largest
            difference between cumulative shares, in [0, 1]; None before the first score or where unknown.
        cost: of both sides; None without prices.
        always_strong_cost: of the same answers at strong's prices, escalated weak calls left out; it assumes
            that strong would have used as many tokens.
        saved: share of always_strong_cost that was saved, at most 1; None without prices or tokens.
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

    def to_dict(self) -> dict[str, Any]:
        """Return plain Python values."""
        return asdict(self)


ANY_TRAFFIC = ExpectedTraffic()
"""Nothing is compared."""


class _TokenSum:
    __slots__ = ("cached_input", "input", "output")

    def __init__(self) -> None:
        self.input = self.output = self.cached_input = 0

    def add(self, usage: TokenUsage) -> None:
        self.input += usage.input
        self.output += usage.output
        self.cached_input += usage.cached_input

    @property
    def usage(self) -> TokenUsage:
        return TokenUsage(self.input, self.output, self.cached_input)


class RoutingCounter:
    """Counts routed calls; safe between threads.

    Args:
        prices: of both sides, for costs.
        expected: what the scored calls are compared with.
    """

    def __init__(self, prices: Prices | None = None, expected: ExpectedTraffic = ANY_TRAFFIC) -> None:
        self.prices = prices
        self._expected = expected
        self._lock = Lock()
        self._start()

    def _start(self) -> None:
        self._calls: Counter[Route] = Counter()
        self._tokens: dict[Route, _TokenSum] = {"strong": _TokenSum(), "weak": _TokenSum()}
        self._discarded = _TokenSum()
        self._answered: Counter[Route] = Counter()
        self._scored = 0
        self._scored_strong = 0
        self._drift = DriftWatch(self._expected)
        self._reasons: Counter[Reason] = Counter()
        self._escalations = 0
        self._switches = 0

    @property
    def expected(self) -> ExpectedTraffic:
        """What the scored calls are compared with; a new one starts the comparison again."""
        return self._expected

    @expected.setter
    def expected(self, expected: ExpectedTraffic) -> None:
        with self._lock:
            if expected != self._expected:
                self._expected = expected
                self._drift = DriftWatch(expected)

    def reset(self) -> None:
        """Start again from nothing; warnings about drift may come again too."""
        with self._lock:
            self._start()

    def count(self, decision: Decision, previous: Route | None = None) -> None:
        """Count one routed call.

        Args:
            decision: how it was routed.
            previous: the side that gave the previous answer of the same conversation, where known.
        """
        with self._lock:
            self._calls[decision.route] += 1
            self._answered[decision.route] += 1
            self._reasons[decision.reason] += 1
            if previous is not None and previous != decision.route:
                self._switches += 1
            found: Sequence[Warning] = ()
            if decision.reason == "score":
                strong = (decision.shadow_route or decision.route) == "strong"
                self._scored += 1
                self._scored_strong += strong
                found = self._drift.observe(decision, strong)
        if found:
            warn_of(found)

    def count_escalation(self, decision: Decision, discarded: TokenUsage | None = None) -> None:
        """Count that the other side is asked as well.

        Args:
            decision: the escalated one, whose route answers in the end.
            discarded: tokens of the answer that was rejected, already counted by `count_tokens`.
        """
        with self._lock:
            self._escalations += 1
            self._calls[decision.route] += 1
            self._answered[decision.route] += 1
            self._answered[other_side(decision.route)] -= 1
            if decision.route == "strong" and discarded is not None:
                self._discarded.add(discarded)

    def count_tokens(self, route: Route, usage: TokenUsage) -> None:
        """Add the tokens of one answer."""
        with self._lock:
            self._tokens[route].add(usage)

    def snapshot(self) -> RoutingStats:
        """Return what was counted so far."""
        with self._lock:
            requests = sum(self._answered.values())
            strong = self._route_stats("strong")
            weak = self._route_stats("weak")
            cost = None if self.prices is None else (strong.cost or 0.0) + (weak.cost or 0.0)
            always = self._always_strong_cost()
            return RoutingStats(
                requests=requests,
                strong=strong,
                weak=weak,
                reasons=dict(self._reasons),
                escalations=self._escalations,
                switches=self._switches,
                strong_share=self._answered["strong"] / requests if requests else None,
                scored_share=self._scored_strong / self._scored if self._scored else None,
                asked_share=self._expected.strong_share,
                score_shift=self._drift.score_shift,
                cost=cost,
                always_strong_cost=always,
                saved=1.0 - cost / always if cost is not None and always else None,
            )

    def _route_stats(self, route: Route) -> RouteStats:
        tokens = self._tokens[route].usage
        stats = RouteStats(self._calls[route], tokens)
        return stats if self.prices is None else replace(stats, cost=self.prices.of(route).cost(tokens))

    def _always_strong_cost(self) -> float | None:
        if self.prices is None:
            return None
        every = self._tokens["strong"].usage + self._tokens["weak"].usage
        return self.prices.strong.cost(every) - self.prices.strong.cost(self._discarded.usage)

    def __getstate__(self) -> dict[str, Any]:
        # A copy or a pickle counts for itself, from nothing.
        return {"prices": self.prices, "expected": self._expected}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__init__(**state)  # type: ignore[misc]  # the state of a new counter is what __init__ makes
