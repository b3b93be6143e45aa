import copy
import json
import pickle
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import FrozenInstanceError
from typing import Any

import pytest

from routellm_core import Decision
from routellm_core.routing.decision import Reason, Route
from routellm_core.routing.drift import ExpectedTraffic
from routellm_core.routing.prices import Price, Prices, TokenUsage
from routellm_core.routing.routing_counter import RoutingCounter
from routellm_core.routing.routing_stats import RoutingStats

from tests.core.yielding import YieldingInt, YieldingStr

PRICES = Prices(strong=Price(10, 20, cached_input=1), weak=Price(1, 2))


def decision(route: Route, reason: Reason = "score", shadow_route: Route | None = None) -> Decision:
    return Decision(route, None, 0.5, reason, "random", shadow_route)


def count(counter: RoutingCounter, strong: int, weak: int, reason: Reason = "score") -> None:
    for _ in range(strong):
        counter.count(decision("strong", reason))
    for _ in range(weak):
        counter.count(decision("weak", reason))


def test_nothing_counted_has_no_shares_and_costs_nothing() -> None:
    bare, priced = RoutingCounter().snapshot(), RoutingCounter(PRICES).snapshot()

    assert (bare.requests, bare.strong.calls, bare.strong_share, bare.scored_share) == (0, 0, None, None)
    assert (bare.cost, bare.always_strong_cost, bare.saved, bare.strong.cost) == (None, None, None, None)
    assert (priced.cost, priced.always_strong_cost, priced.saved) == (0.0, 0.0, None)


def test_calls_and_reasons_are_counted_and_shares_follow() -> None:
    counter = RoutingCounter(expected=ExpectedTraffic(0.5))
    count(counter, strong=1, weak=3)
    count(counter, strong=4, weak=0, reason="tools")

    stats = counter.snapshot()

    assert (stats.requests, stats.strong.calls, stats.weak.calls) == (8, 5, 3)
    assert stats.reasons == {"score": 4, "tools": 4}
    assert (stats.strong_share, stats.scored_share, stats.asked_share) == (5 / 8, 1 / 4, 0.5)


def test_tokens_and_cost_are_counted_by_side_with_cached_input_at_its_own_price() -> None:
    counter = RoutingCounter(PRICES)
    counter.count_tokens(decision("strong"), TokenUsage(1_000, 100, cached_input=600))
    counter.count_tokens(decision("strong"), TokenUsage(1_000, 100))
    counter.count_tokens(decision("weak"), TokenUsage(2_000, 50, cached_input=500))

    stats = counter.snapshot()

    strong = (1_400 * 10 + 600 * 1 + 200 * 20) / 1e6
    weak = (2_000 * 1 + 50 * 2) / 1e6
    always = (1_400 * 10 + 600 * 1 + 200 * 20 + 1_500 * 10 + 500 * 1 + 50 * 20) / 1e6
    assert stats.strong.tokens == TokenUsage(2_000, 200, 600)
    assert stats.weak.tokens == TokenUsage(2_000, 50, 500)
    assert stats.strong.cost == pytest.approx(strong)
    assert stats.weak.cost == pytest.approx(weak)
    assert stats.cost == pytest.approx(strong + weak)
    assert stats.always_strong_cost == pytest.approx(always)
    assert stats.saved == pytest.approx(1 - (strong + weak) / always)


def test_an_escalated_call_is_one_request_answered_by_the_second_side() -> None:
    counter = RoutingCounter(PRICES)
    counter.count(decision("weak"))
    counter.count_tokens(decision("weak"), TokenUsage(100, 10))
    counter.count_escalation(decision("weak").escalated("strong"), discarded=TokenUsage(100, 10))
    counter.count_tokens(decision("strong"), TokenUsage(100, 20))

    stats = counter.snapshot()

    assert (stats.requests, stats.weak.calls, stats.strong.calls, stats.escalations) == (1, 1, 1, 1)
    assert (stats.strong_share, stats.scored_share) == (1.0, 0.0), "the score had chosen weak"
    assert stats.reasons == {"score": 1}
    assert stats.cost == pytest.approx((100 * 1 + 10 * 2 + 100 * 10 + 20 * 20) / 1e6)
    assert stats.always_strong_cost == pytest.approx((100 * 10 + 20 * 20) / 1e6)
    assert stats.saved is not None
    assert stats.saved < 0, "asking both costs more than strong alone"


@pytest.mark.parametrize("lie", [TokenUsage(-100, -10), TokenUsage(10**400, 1), TokenUsage(10, 1, 10**30)])
def test_tokens_that_cant_be_true_are_not_taken_off_either(lie: TokenUsage) -> None:
    counter = RoutingCounter(PRICES)
    counter.count(decision("weak"))
    counter.count_tokens(decision("weak"), lie)
    counter.count_escalation(decision("weak").escalated("strong"), discarded=lie)
    counter.count_tokens(decision("strong"), TokenUsage(100, 20))

    assert counter.snapshot().always_strong_cost == pytest.approx((100 * 10 + 20 * 20) / 1e6)


def test_a_call_that_strong_failed_counts_for_weak() -> None:
    counter = RoutingCounter(PRICES)
    counter.count(decision("strong"))
    counter.count_escalation(decision("strong").escalated("weak"))

    assert (counter.snapshot().strong_share, counter.snapshot().requests) == (0.0, 1)


def test_a_switch_is_another_side_than_the_previous_answers() -> None:
    counter = RoutingCounter()
    counter.count(decision("weak"), previous=None)
    counter.count(decision("weak"), previous="weak")
    assert counter.snapshot().switches == 0

    counter.count(decision("strong"), previous="weak")
    counter.count(decision("weak", "forced"), previous="strong")
    assert counter.snapshot().switches == 2


def test_in_shadow_mode_the_scored_share_is_what_would_have_been() -> None:
    counter = RoutingCounter()
    for would in ("strong", "weak", "weak", "weak"):
        counter.count(decision("strong", shadow_route=would))

    assert (counter.snapshot().strong_share, counter.snapshot().scored_share) == (1.0, 0.25)


def test_a_snapshot_is_frozen_and_exports_plain_values() -> None:
    counter = RoutingCounter(PRICES, expected=ExpectedTraffic(0.3))
    count(counter, strong=1, weak=1)
    stats = counter.snapshot()
    counter.count(decision("weak"))

    assert stats.requests == 2
    exported = stats.to_dict()
    assert json.loads(json.dumps(exported)) == exported
    assert exported["strong"] == {
        "calls": 1,
        "tokens": {"input": 0, "output": 0, "cached_input": 0},
        "cost": 0.0,
        "without_tokens": 0,
    }
    exported["reasons"]["score"] = 99
    assert stats.reasons == {"score": 2}
    with pytest.raises(FrozenInstanceError):
        stats.requests = 3  # type: ignore[misc]


def test_reset_starts_from_nothing_and_keeps_the_settings() -> None:
    counter = RoutingCounter(PRICES, expected=ExpectedTraffic(0.3))
    fresh = counter.snapshot()
    counter.count(decision("weak"), previous="strong")
    counter.count_tokens(decision("weak"), TokenUsage(1, 1))
    counter.count_escalation(decision("weak").escalated("strong"), TokenUsage(1, 1))

    counter.reset()

    assert counter.snapshot() == fresh


def test_no_call_is_lost_between_threads() -> None:
    weak: Any = YieldingStr("weak")
    strong: Any = YieldingStr("strong")
    usage = TokenUsage(YieldingInt(3), 2, 1)
    counter = RoutingCounter(PRICES)

    def calls(thread: int) -> list[RoutingStats]:
        taken = []
        for _ in range(20):
            counter.count(decision(weak), previous="strong")
            counter.count_tokens(decision(weak), usage)
            counter.count_escalation(decision(weak).escalated(strong), usage)
            taken.append(counter.snapshot())
        return taken

    with ThreadPoolExecutor(32) as pool:
        snapshots = [stats for taken in pool.map(calls, range(32)) for stats in taken]

    total = 32 * 20
    stats = counter.snapshot()
    assert (stats.requests, stats.weak.calls, stats.strong.calls) == (total, total, total)
    assert (stats.switches, stats.escalations, stats.strong_share) == (total, total, 1.0)
    assert stats.weak.tokens == TokenUsage(3 * total, 2 * total, total)
    assert stats.always_strong_cost == pytest.approx(0.0, abs=1e-9)
    assert all(taken.reasons["score"] == taken.requests for taken in snapshots), "a snapshot is of one moment"


def test_no_token_is_lost_between_threads() -> None:
    counter = RoutingCounter()

    def count_tokens(thread: int) -> None:
        for _ in range(50):
            counter.count_tokens(decision("weak"), TokenUsage(YieldingInt(3), 2, 1))

    with ThreadPoolExecutor(32) as pool:
        list(pool.map(count_tokens, range(32)))

    total = 32 * 50
    assert counter.snapshot().weak.tokens == TokenUsage(3 * total, 2 * total, total)


@pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy, lambda it: pickle.loads(pickle.dumps(it))])
def test_a_copy_counts_for_itself_from_nothing(copied: Callable[[RoutingCounter], RoutingCounter]) -> None:
    counter = RoutingCounter(PRICES, expected=ExpectedTraffic(0.3))
    count(counter, strong=2, weak=3)

    twin = copied(counter)
    assert twin.snapshot() == RoutingCounter(PRICES, expected=ExpectedTraffic(0.3)).snapshot()
    twin.count(decision("weak"))

    assert (twin.snapshot().requests, counter.snapshot().requests) == (1, 5)
