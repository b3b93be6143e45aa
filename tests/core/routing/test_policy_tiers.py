"""More than two tiers: one score, a border between each two, and the next tier up where one can't serve."""

from collections.abc import Mapping
from typing import Any

import pytest

from routellm_core.routing.capabilities import Capabilities, Obstacles, TierCapabilities
from routellm_core.routing.decision import Reason
from routellm_core.routing.ladder import Ladder
from routellm_core.routing.policy import RoutingPolicy
from routellm_core.routing.request import RoutingRequest

from tests.routers import FailingRouter, FixedRouter

THREE = Ladder(("nano", "mini", "full"))


def policy(score: float, **settings: Any) -> RoutingPolicy:
    given: dict[str, Any] = {"ladder": THREE, "borders": (0.3, 0.7)}
    return RoutingPolicy(FixedRouter(score), 0.7, **{**given, **settings})


def route(score: float, request: RoutingRequest, **settings: Any) -> tuple[str, Reason]:
    decision = policy(score, **settings).decide(request)
    return decision.route, decision.reason


def barred(**by_route: Reason) -> RoutingRequest:
    return RoutingRequest("text", Obstacles({name: frozenset({reason}) for name, reason in by_route.items()}))


@pytest.mark.parametrize(
    ("score", "expected", "threshold"),
    [
        (0.0, "nano", 0.3),
        (0.29, "nano", 0.3),
        (0.3, "mini", 0.3),
        (0.69, "mini", 0.3),
        (0.7, "full", 0.7),
        (1.0, "full", 0.7),
    ],
)
def test_the_highest_border_reached_is_the_tier(score: float, expected: str, threshold: float) -> None:
    decision = policy(score).decide(RoutingRequest("text"))
    assert (decision.route, decision.threshold, decision.reason) == (expected, threshold, "score")


def test_one_threshold_is_every_border() -> None:
    assert route(0.5, RoutingRequest("text", threshold=0.5)) == ("full", "score")
    assert route(0.5, RoutingRequest("text", threshold=0.6)) == ("nano", "score")
    assert route(0.5, RoutingRequest("text"), borders=None) == ("nano", "score")


@pytest.mark.parametrize(
    ("score", "obstacles", "expected"),
    [
        (0.1, {"nano": "tools"}, ("mini", "tools")),
        (0.1, {"mini": "tools"}, ("nano", "score")),
        (0.5, {"mini": "vision"}, ("full", "vision")),
        (0.9, {"full": "vision"}, ("mini", "vision")),
        (0.9, {"full": "vision", "mini": "tools"}, ("nano", "vision")),
        (0.5, {"nano": "tools", "mini": "tools"}, ("full", "tools")),
        (0.5, {"nano": "tools", "mini": "tools", "full": "tools"}, ("mini", "score")),
        (0.5, {"nano": "tools", "mini": "vision", "full": "context_window"}, ("mini", "score")),
        (0.5, {"nano": "tools"}, ("mini", "score")),
    ],
)
def test_a_tier_that_cannot_serve_passes_the_call_up(
    score: float, obstacles: Mapping[str, Reason], expected: tuple[str, Reason]
) -> None:
    assert route(score, barred(**obstacles)) == expected


def test_a_gate_that_leaves_one_tier_asks_no_router() -> None:
    gated = RoutingPolicy(FailingRouter(), 0.7, ladder=THREE, borders=(0.3, 0.7))
    decision = gated.decide(barred(nano="tools", mini="tools"))
    assert (decision.route, decision.reason, decision.score) == ("full", "tools", None)


def test_rules_name_tiers_and_weak_and_strong_are_the_ends() -> None:
    assert route(0.5, RoutingRequest("text", route="nano")) == ("nano", "forced")
    assert route(0.5, RoutingRequest("text", route="strong")) == ("full", "forced")
    assert route(0.5, RoutingRequest("text", housekeeping="weak")) == ("nano", "housekeeping")
    assert route(0.5, RoutingRequest(""), no_text_route="mini") == ("mini", "no_text")
    assert route(0.5, RoutingRequest("text", stuck=True)) == ("full", "stuck")
    assert route(0.1, RoutingRequest("text", loop="mini")) == ("mini", "sticky")
    with pytest.raises(ValueError, match="route is 'medium', expected 'full', 'mini' or 'nano'"):
        route(0.5, RoutingRequest("text", route="medium"))
    with pytest.raises(ValueError, match="no_text_route is 'medium'"):
        policy(0.5, no_text_route="medium")


def test_housekeeping_goes_to_the_lowest_tier_that_can() -> None:
    request = RoutingRequest("text", barred(nano="tools").obstacles, housekeeping="weak")
    assert route(0.5, request) == ("mini", "tools")


@pytest.mark.filterwarnings("ignore::routellm_core.RouterWarning")
def test_a_router_that_fails() -> None:
    failing = RoutingPolicy(FailingRouter(), 0.7, ladder=THREE, borders=(0.3, 0.7), on_router_error="mini")
    decision = failing.decide(RoutingRequest("text"))
    assert (decision.route, decision.reason) == ("mini", "router_error")


def test_what_no_tier_has_bars_none() -> None:
    blind = Capabilities(lacks=frozenset({"image"}))
    tiers = TierCapabilities({name: blind for name in THREE.names})
    assert tiers.obstacles(["image"], None).barred(THREE.names) == {}


def test_a_tier_that_cannot_serve_a_call_is_no_way_out_of_an_error() -> None:
    decision = policy(0.1).decide(barred(mini="tools", full="tools"))
    assert (decision.route, decision.reason, decision.barred) == ("nano", "tools", {"mini", "full"})
