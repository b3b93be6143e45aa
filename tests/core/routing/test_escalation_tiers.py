"""Escalation between more than two tiers: one step up at a time, each tier at most once."""

from typing import Any

from routellm_core import Decision, RoutingPolicy, RoutingRequest
from routellm_core.routing.budget import Budget, BudgetLimit
from routellm_core.routing.dispatcher import Dispatcher
from routellm_core.routing.escalation import Escalation, UnparsedAnswerError
from routellm_core.routing.ladder import Ladder
from routellm_core.routing.prices import Price, Prices, TokenUsage
from routellm_core.routing.routing_counter import RoutingCounter

from tests.routers import FixedRouter

THREE = Ladder(("nano", "mini", "full"))
PRICES = Prices.from_mapping(
    {"nano": Price(1, 1), "mini": {"input": 10, "output": 10}, "full": Price(100, 100)}, THREE
)


class BusyError(Exception):
    pass


def dispatcher(score: float, shadow: bool = False, limit: float | None = None, **given: Any) -> Dispatcher:
    budget = None if limit is None else Budget(BudgetLimit(limit, "day"), ladder=THREE)
    return Dispatcher(
        RoutingPolicy(FixedRouter(score), 0.7, ladder=THREE, borders=(0.3, 0.7)),
        RoutingCounter(PRICES, ladder=THREE),
        shadow,
        budget=budget,
        escalation=Escalation.from_settings(**given, ladder=THREE),
        usage_of=lambda message: TokenUsage(0, 1_000_000),
    )


def asked(it: Dispatcher, fails: dict[str, Exception] | None = None) -> list[str]:
    tried: list[str] = []

    def ask(decision: Decision) -> str:
        tried.append(decision.route)
        if decision.route in (fails or {}):
            raise (fails or {})[decision.route]
        return decision.route

    it.answer(it.decide(RoutingRequest("text")), ask)
    return tried


def test_an_error_asks_the_next_tier_up_until_one_answers() -> None:
    busy = {"nano": BusyError(), "mini": BusyError()}
    assert asked(dispatcher(0.1, escalate_on=BusyError), {"nano": BusyError()}) == ["nano", "mini"]
    assert asked(dispatcher(0.1, escalate_on=BusyError), busy) == ["nano", "mini", "full"]
    assert asked(dispatcher(0.5, escalate_on=BusyError), busy) == ["mini", "full"]


def test_the_top_asks_one_tier_down_and_nothing_comes_back_up() -> None:
    escalation = Escalation.from_settings(BusyError, BusyError, ladder=THREE)
    top = Decision("full", 0.9, 0.7, "score", "random")
    down = escalation.after_error(top, BusyError())
    assert down is not None
    assert (down.route, down.reason, down.asked) == ("mini", "escalated", ("full",))
    assert escalation.after_error(down, BusyError()) is None


def test_each_rejected_answer_is_counted_at_its_own_price() -> None:
    it = dispatcher(0.1, escalate_if=lambda answer: answer != "full")
    assert asked(it) == ["nano", "mini", "full"]
    stats = it.counter.snapshot()
    assert (stats.requests, stats.escalations, stats.strong_share) == (1, 2, 1.0)
    assert {name: (tier.calls, tier.cost) for name, tier in stats.tiers.items()} == {
        "nano": (1, 1.0),
        "mini": (1, 10.0),
        "full": (1, 100.0),
    }
    assert (stats.weak, stats.strong) == (stats.tiers["nano"], stats.tiers["full"])
    assert (stats.cost, stats.always_strong_cost) == (111.0, 100.0)
    assert stats.to_dict()["tiers"]["mini"]["cost"] == 10.0


def test_a_schema_that_is_missed_goes_up_too() -> None:
    escalation = Escalation.from_settings("parse_error", ladder=THREE)
    nano = Decision("nano", 0.1, 0.3, "score", "random")
    following = escalation.after_error(nano, UnparsedAnswerError(None, None, None))
    assert following is not None
    assert following.route == "mini"
    assert escalation.parses(following)
    assert not escalation.parses(following.escalated("full"))


def test_a_tier_that_cannot_serve_the_call_is_passed_by() -> None:
    escalation = Escalation.from_settings(BusyError, ladder=THREE)
    nano = Decision("nano", 0.1, 0.3, "score", "random", barred=frozenset({"mini"}))
    following = escalation.after_error(nano, BusyError())
    assert following is not None
    assert following.route == "full"


def test_shadow_counts_what_each_tier_would_have_cost() -> None:
    it = dispatcher(0.5, shadow=True)
    assert asked(it) == ["full"]
    stats = it.counter.snapshot()
    assert (stats.cost, stats.shadow_cost, stats.shadow_saved) == (100.0, 10.0, 0.9)


def test_the_budget_limits_the_top_and_the_next_tier_answers() -> None:
    it = dispatcher(0.9, limit=150.0)
    assert [asked(it) for _ in range(3)][-1] == ["mini"]
    decision = it.decide(RoutingRequest("text"))
    assert (decision.route, decision.reason) == ("mini", "budget")
