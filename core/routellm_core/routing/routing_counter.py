"""RoutingCounter: counts routed calls, their tokens and what they cost; `snapshot()` gives RoutingStats."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import reduce
from operator import add
from threading import Lock
from typing import Any

from routellm_core.routing.beside_counts import BesideCounts, Outcome
from routellm_core.routing.cache_loss import read_again
from routellm_core.routing.decision import Decision, Reason, Route
from routellm_core.routing.drift import DriftWatch, ExpectedTraffic, OnDrift, tell
from routellm_core.routing.ladder import PAIR, Ladder
from routellm_core.routing.prices import Price, Prices, TokenUsage
from routellm_core.routing.reading_stats import ReadingStats
from routellm_core.routing.routing_stats import RouteStats, RoutingStats, saved_share
from routellm_core.routing.token_sum import TokenSum

ANY_TRAFFIC = ExpectedTraffic()
"""Nothing is compared."""

Readings = Callable[[], ReadingStats | None]


def no_readings() -> None:
    """Say that there is no reader."""
    return None


class RoutingCounter:
    """Counts routed calls; safe between threads.

    Args:
        prices: of both sides, for costs.
        expected: the expected shares and scores.
        on_drift: called with drift, each time that it is logged.
        ladder: the tiers.
    """

    def __init__(
        self,
        prices: Prices | None = None,
        expected: ExpectedTraffic = ANY_TRAFFIC,
        on_drift: OnDrift | None = None,
        ladder: Ladder = PAIR,
    ) -> None:
        self.prices = prices
        self.ladder = ladder
        self.on_drift = on_drift
        self._expected = expected
        self._readings: Readings = no_readings
        self._lock = Lock()
        self._start()

    def _start(self) -> None:
        self._calls: Counter[Route] = Counter()
        self._tokens = {route: TokenSum() for route in self.ladder.names}
        self._discarded = TokenSum()
        self._shadow_tokens = {route: TokenSum() for route in self.ladder.names}
        self._beside = BesideCounts()
        self._shadowed = False
        self._without_tokens: Counter[Route] = Counter()
        self._answered: Counter[Route] = Counter()
        self._scored = 0
        self._scored_strong = 0
        self._drift = DriftWatch(self._expected)
        self._reasons: Counter[Reason] = Counter()
        self._escalations = 0
        self._gate_failures = 0
        self._switches = 0
        self._read_again: Counter[Route] = Counter()
        self._read_before = self._readings()

    def watch(self, readings: Readings) -> None:
        """Count what a router's reader is asked from now on; the same one as before goes on."""
        with self._lock:
            if readings != self._readings:
                self._readings, self._read_before = readings, readings()

    @property
    def expected(self) -> ExpectedTraffic:
        """The expected shares and scores; setting it restarts the comparison."""
        return self._expected

    @expected.setter
    def expected(self, expected: ExpectedTraffic) -> None:
        with self._lock:
            if expected != self._expected:
                self._expected = expected
                self._drift = DriftWatch(expected)

    def reset(self) -> None:
        """Start again from zero; warnings about drift may be repeated too."""
        with self._lock:
            self._start()

    def count(self, decision: Decision, previous: Route | None = None) -> None:
        """Count one routed call.

        Args:
            decision: how it was routed.
            previous: the side that gave the previous answer in the same conversation, if known.
        """
        known = self._expected.known(decision.text) if decision.reason == "score" else None
        with self._lock:
            self._calls[decision.route] += 1
            self._answered[decision.route] += 1
            self._reasons[decision.reason] += 1
            if previous is not None and previous != decision.route:
                self._switches += 1
            self._shadowed |= decision.shadow_route is not None
            found: Sequence[Warning] = ()
            if decision.reason == "score":
                strong = (decision.shadow_route or decision.route) == self.ladder.top
                self._scored += 1
                self._scored_strong += strong
                found = self._drift.observe(decision, strong, known)
        if found:
            tell(found, self.on_drift)

    def count_escalation(self, decision: Decision, discarded: TokenUsage | None = None) -> None:
        """Count that another side is asked as well.

        Args:
            decision: the escalated one, whose route answers in its place.
            discarded: tokens of the answer that was rejected, already counted by `count_tokens`; None if
                they are unknown, as is what can't be true.
        """
        discarded = None if discarded is None else discarded.credible()
        with self._lock:
            self._escalations += 1
            self._calls[decision.route] += 1
            self._answered[decision.route] += 1
            before = decision.asked[-1]
            self._answered[before] -= 1
            if discarded is not None and self.ladder.place(decision.route) > self.ladder.place(before):
                self._discarded.add(discarded)

    def count_held_back(self, decision: Decision) -> None:
        """Count that strong would have been asked as well, had there been money for it."""
        with self._lock:
            self._reasons[decision.reason] -= 1
            self._reasons["budget"] += 1

    def count_gate_failure(self) -> None:
        """Count an answer that stays because `escalate_if` failed on it."""
        with self._lock:
            self._gate_failures += 1

    def count_tokens(self, decision: Decision, usage: TokenUsage | None) -> None:
        """Add the tokens of one answer.

        Args:
            decision: the one that the answer belongs to.
            usage: None if unknown, as is what can't be true.
        """
        usage = None if usage is None else usage.credible()
        route, again = decision.route, read_again(decision.repeated, usage)
        if usage is not None and decision.account is not None:
            decision.account.add(route, usage)
        with self._lock:
            found = self._drift.observe_tokens(usage is not None) if self.prices is not None else ()
            if usage is None:
                self._without_tokens[route] += 1
            else:
                self._tokens[route].add(usage)
                self._read_again[route] += again
                if decision.shadow_route is not None:
                    self._shadow_tokens[decision.shadow_route].add(usage)
        if found:
            tell(found, self.on_drift)

    def count_checker(self, decision: Decision, usage: TokenUsage | None, price: Price | None) -> None:
        """Add the tokens of the checker of `escalate_if`.

        Args:
            decision: of the call that it was asked along with.
            usage: None if unknown.
            price: the checker's; None for weak's.
        """
        if price is None and self.prices is not None:
            price = self.prices.weak
        cost = 0.0 if usage is None or price is None or self.prices is None else price.cost(usage)
        if usage is not None and decision.account is not None:
            decision.account.add_checker(usage, cost)
        with self._lock:
            self._beside.add_checker(usage, cost)

    def count_uncompared(self) -> int:
        """Count an answer of weak that stays without a comparison, and return how many there are now."""
        with self._lock:
            self._beside.uncompared += 1
            return self._beside.uncompared

    def count_sampled(self, outcome: Outcome, cost: float = 0.0) -> None:
        """Count what became of a call that the shadow sample drew."""
        with self._lock:
            self._beside.add_sampled(outcome, cost)

    def snapshot(self, *, reset: bool = False) -> RoutingStats:
        """Return the counts so far; `reset` also starts again, so that no call is in two snapshots."""
        with self._lock:
            taken = self._snapshot()
            if reset:
                self._start()
            return taken

    def _snapshot(self) -> RoutingStats:
        requests, top = sum(self._answered.values()), self.ladder.top
        tiers = {route: self._route_stats(route) for route in self.ladder.names}
        strong, weak = tiers[top], tiers[self.ladder.lowest]
        reader = self._reader_stats()
        read_cost = 0.0 if reader is None else reader.cost or 0.0
        priced = self.prices is not None
        checker = self._beside.checker(priced=priced)
        models = (*tiers.values(), checker)
        cost = sum((model.cost or 0.0 for model in models), read_cost) if priced else None
        always = self._always_strong_cost()
        shadow_cost = self._shadow_cost(read_cost)
        return RoutingStats(
            requests=requests,
            strong=strong,
            weak=weak,
            reasons=dict(+self._reasons),
            escalations=self._escalations,
            gate_failures=self._gate_failures,
            uncompared=self._beside.uncompared,
            sample=self._beside.sample(priced=priced),
            switches=self._switches,
            switch_cost=self._switch_cost(),
            strong_share=self._answered[top] / requests if requests else None,
            scored_share=self._scored_strong / self._scored if self._scored else None,
            asked_share=self._expected.strong_share,
            score_shift=self._drift.score_shift,
            cost=cost,
            always_strong_cost=always,
            saved=saved_share(cost, always, *models, reader=reader),
            scored=self._scored,
            checker=checker,
            shadow_cost=shadow_cost,
            shadow_saved=_shadow_saved(shadow_cost, cost, read_cost),
            tiers={} if self.ladder == PAIR else tiers,
            reader=reader,
        )

    def _reader_stats(self) -> ReadingStats | None:
        found = self._readings()
        return found if found is None or self._read_before is None else found - self._read_before

    def _route_stats(self, route: Route) -> RouteStats:
        tokens = self._tokens[route].usage
        stats = RouteStats(self._calls[route], tokens, without_tokens=self._without_tokens[route])
        return stats if self.prices is None else replace(stats, cost=self.prices.of(route).cost(tokens))

    def _always_strong_cost(self) -> float | None:
        if self.prices is None:
            return None
        every = reduce(add, (tokens.usage for tokens in self._tokens.values()))
        return self.prices.strong.cost(every) - self.prices.strong.cost(self._discarded.usage)

    def _switch_cost(self) -> float | None:
        if self.prices is None or all(price.discount is None for price in self.prices):
            return None
        return sum(
            tokens * (self.prices.of(route).discount or 0.0) / 1e6
            for route, tokens in self._read_again.items()
        )

    def _shadow_cost(self, read_cost: float) -> float | None:
        if self.prices is None or not self._shadowed:
            return None
        cost = self.prices.strong.cost(self._tokens[self.ladder.top].usage) + read_cost
        for route, tokens in self._shadow_tokens.items():
            cost += self.prices.of(route).cost(tokens.usage) - self.prices.strong.cost(tokens.usage)
        return cost

    def __getstate__(self) -> dict[str, Any]:
        # A copy or a pickle counts separately, from zero.
        return {"prices": self.prices, "expected": self._expected, "ladder": self.ladder}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__init__(**state)  # type: ignore[misc]  # the state of a new counter is what __init__ makes


def _shadow_saved(shadow_cost: float | None, cost: float | None, read_cost: float) -> float | None:
    """Return the share saved of what strong alone costs; whoever never routes pays no reader."""
    alone = 0.0 if cost is None else cost - read_cost
    return None if shadow_cost is None or not alone else 1.0 - shadow_cost / alone
