import asyncio
import copy
import json
import pickle
from collections.abc import Callable, Collection
from typing import Any

import numpy as np
import pytest

from routellm_core import Decision, RoutingPolicy, RoutingRequest, load_router
from routellm_core.routing.capabilities import Obstacles
from routellm_core.routing.decision import Reason, Route

from tests.routers import FixedRouter, KeywordRouter

Decide = Callable[[RoutingPolicy, RoutingRequest], Decision]


def decide_sync(policy: RoutingPolicy, request: RoutingRequest) -> Decision:
    return policy.decide(request)


def decide_async(policy: RoutingPolicy, request: RoutingRequest) -> Decision:
    return asyncio.run(policy.adecide(request))


@pytest.fixture(params=[decide_sync, decide_async])
def decide(request: pytest.FixtureRequest) -> Decide:
    chosen: Decide = request.param
    return chosen


def hindered(
    text: str | None = "easy", *, strong: Collection[Reason] = (), weak: Collection[Reason] = (), **rest: Any
) -> RoutingRequest:
    return RoutingRequest(text, Obstacles({"strong": frozenset(strong), "weak": frozenset(weak)}), **rest)


@pytest.mark.parametrize(
    ("request_", "route", "reason", "score"),
    [
        (hindered(strong=["vision"], route="strong", sticky="weak"), "strong", "forced", None),
        (hindered("hard", weak=["tools"], route="weak", sticky="strong"), "weak", "forced", None),
        (hindered("hard", weak=["tools"], sticky="weak"), "strong", "tools", None),
        (hindered("hard", strong=["vision"], sticky="strong"), "weak", "vision", None),
        (hindered(None, weak=["tools"]), "strong", "tools", None),
        (RoutingRequest("hard", sticky="weak"), "weak", "sticky", None),
        (RoutingRequest(" ", sticky="strong"), "strong", "sticky", None),
        (RoutingRequest(" \n"), "weak", "no_text", None),
        (RoutingRequest(None), "weak", "no_text", None),
        (RoutingRequest("hard"), "strong", "score", 0.9),
        (RoutingRequest("easy"), "weak", "score", 0.1),
    ],
)
def test_forced_beats_gates_beat_sticky_beats_no_text_beats_score(
    decide: Decide, request_: RoutingRequest, route: Route, reason: Reason, score: float | None
) -> None:
    router = KeywordRouter("hard")
    policy = RoutingPolicy(router, 0.5, no_text_route="weak")

    assert decide(policy, request_) == Decision(route, score, 0.5, reason, "KeywordRouter")
    assert len(router.batches) == (reason == "score"), "the router is asked only where the score decides"


@pytest.mark.parametrize(
    ("score", "threshold", "route"),
    [
        (0.5, 0.5, "strong"),
        (np.nextafter(0.5, 0), 0.5, "weak"),
        (0.5, float(np.nextafter(0.5, 1)), "weak"),
        (0.0, 0.0, "strong"),
        (1.0, 1.0, "strong"),
        (np.nextafter(1, 0), 1.0, "weak"),
    ],
)
def test_a_score_equal_to_the_threshold_goes_to_strong(
    decide: Decide, score: float, threshold: float, route: Route
) -> None:
    assert decide(RoutingPolicy(FixedRouter(score), threshold), RoutingRequest("text")).route == route


def test_a_request_brings_its_own_threshold(decide: Decide) -> None:
    policy = RoutingPolicy(FixedRouter(0.5), 0.6)

    assert decide(policy, RoutingRequest("text", threshold=0.5)).route == "strong"
    assert decide(policy, RoutingRequest("text", threshold=0.0, route="weak")).threshold == 0.0
    assert decide(policy, RoutingRequest("text")).threshold == 0.6


REASONS: list[Reason] = ["vision", "tools", "structured_output", "unsupported", "context_window"]


@pytest.mark.parametrize("reason", REASONS)
def test_an_obstacle_moves_a_call_to_the_other_side_either_way(decide: Decide, reason: Reason) -> None:
    for score in (0.1, 0.9):
        policy = RoutingPolicy(FixedRouter(score), 0.5)
        assert decide(policy, hindered(strong=[reason])) == Decision("weak", None, 0.5, reason, "FixedRouter")
        assert decide(policy, hindered(weak=[reason])) == Decision("strong", None, 0.5, reason, "FixedRouter")


@pytest.mark.parametrize(
    ("strong", "weak"),
    [(["tools"], ["tools"]), (["tools"], ["vision"]), (["unsupported"], ["context_window"])],
)
def test_where_each_side_has_an_obstacle_the_score_decides(strong: list[Reason], weak: list[Reason]) -> None:
    policy = RoutingPolicy(KeywordRouter("hard"), 0.5)

    for text, route in (("hard", "strong"), ("easy", "weak")):
        decision = policy.decide(hindered(text, strong=strong, weak=weak))
        assert (decision.route, decision.reason) == (route, "score")


def test_what_both_lack_does_not_hide_what_one_lacks() -> None:
    policy = RoutingPolicy(FixedRouter(0.1), 0.5)

    decision = policy.decide(hindered(strong=["tools"], weak=["tools", "vision"]))

    assert (decision.route, decision.reason) == ("strong", "vision")


def test_the_reason_is_the_first_of_several_obstacles() -> None:
    policy = RoutingPolicy(FixedRouter(0.1), 0.5)

    for first, reason in enumerate(REASONS):
        assert policy.decide(hindered(weak=REASONS[first:])).reason == reason


def test_a_question_is_scored_instead_of_the_text(decide: Decide) -> None:
    policy = RoutingPolicy(KeywordRouter("hard"), 0.5, no_text_route="weak")

    assert decide(policy, RoutingRequest("a stuffed prompt", question="hard")).score == 0.9
    assert decide(policy, RoutingRequest(None, question="hard")).route == "strong"
    assert decide(policy, RoutingRequest("hard", question=" ")).reason == "no_text"


def test_the_name_is_the_registered_one_else_the_class() -> None:
    assert RoutingPolicy(load_router("random"), 0.5).decide(RoutingRequest("text")).router == "random"
    assert RoutingPolicy(FixedRouter(0.5), 0.5).decide(RoutingRequest("text")).router == "FixedRouter"


def test_the_record_holds_plain_numbers() -> None:
    record = (
        RoutingPolicy(FixedRouter(np.float64(0.5)), np.float64(0.25)).decide(RoutingRequest("text")).record()
    )

    assert (type(record["score"]), type(record["threshold"])) == (float, float)
    assert json.loads(json.dumps(record)) == record


def test_scores_made_ahead_in_one_call_to_the_router_are_found_by_each_decision() -> None:
    requests = [
        RoutingRequest("hard"),
        RoutingRequest("easy"),
        RoutingRequest("hard"),
        RoutingRequest("forced", route="weak"),
        RoutingRequest(None),
        RoutingRequest("stuffed", question="easy", threshold=0.05),
    ]
    one_by_one = [RoutingPolicy(KeywordRouter("hard"), 0.5).decide(request) for request in requests]
    routers = KeywordRouter("hard"), KeywordRouter("hard")
    policies = [RoutingPolicy(router, 0.5) for router in routers]

    policies[0].score_ahead(requests)
    asyncio.run(policies[1].ascore_ahead(requests))

    assert [[policy.decide(request) for request in requests] for policy in policies] == [one_by_one] * 2
    assert [router.batches for router in routers] == [[["hard", "easy"]]] * 2


def test_scores_are_remembered_by_text_whatever_the_threshold() -> None:
    router = KeywordRouter("hard")
    policy = RoutingPolicy(router, 0.5)
    other = RoutingPolicy(router, 0.05, cache=policy.cache)

    assert [policy.decide(RoutingRequest("easy")).route, other.decide(RoutingRequest("easy")).route] == [
        "weak",
        "strong",
    ]
    assert router.batches == [["easy"]]


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda policy: pickle.loads(pickle.dumps(policy))])
def test_a_copy_decides_the_same(copied: Callable[[RoutingPolicy], RoutingPolicy]) -> None:
    policy = RoutingPolicy(load_router("random"), 0.5)
    before = policy.decide(RoutingRequest("text"))
    twin = copied(policy)

    assert twin.decide(RoutingRequest("text")) == before
    assert twin.decide(request := hindered(weak=["tools"])) == policy.decide(request)
    assert twin.cache is not policy.cache
