import asyncio
import copy
import json
import pickle
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from routellm_core import Capabilities, Decision, RoutingPolicy, RoutingRequest, load_router
from routellm_core.routing.capabilities import Need
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


def lacking(*needs: Need, window: int | None = None) -> Capabilities:
    return Capabilities(lacks=frozenset(needs), context_window=window)


def needing(*needs: Need, tokens: int | None = None, text: str = "easy") -> RoutingRequest:
    return RoutingRequest(text=text, needs=frozenset(needs), tokens=tokens)


@pytest.mark.parametrize(
    ("request_", "route", "reason", "score"),
    [
        (
            RoutingRequest("easy", frozenset({"image"}), route="strong", sticky="weak"),
            "strong",
            "forced",
            None,
        ),
        (RoutingRequest("hard", frozenset({"tools"}), route="weak", sticky="strong"), "weak", "forced", None),
        (RoutingRequest("hard", frozenset({"tools"}), sticky="weak"), "strong", "tools", None),
        (RoutingRequest("hard", frozenset({"image"}), sticky="strong"), "weak", "vision", None),
        (RoutingRequest(None, frozenset({"tools"})), "strong", "tools", None),
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
    policy = RoutingPolicy(
        router,
        0.5,
        no_text_route="weak",
        weak=lacking("tools"),
        strong=lacking("image"),
    )

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


@pytest.mark.parametrize(
    ("need", "reason"),
    [
        ("image", "vision"),
        ("audio", "unsupported"),
        ("file", "unsupported"),
        ("tools", "tools"),
        ("structured_output", "structured_output"),
    ],
)
def test_a_need_moves_a_call_to_the_side_that_has_it_either_way(need: Need, reason: Reason) -> None:
    strong_lacks = RoutingPolicy(FixedRouter(0.9), 0.5, strong=lacking(need))
    weak_lacks = RoutingPolicy(FixedRouter(0.1), 0.5, weak=lacking(need))

    assert strong_lacks.decide(needing(need)).record().items() >= {"route": "weak", "reason": reason}.items()
    assert weak_lacks.decide(needing(need)).record().items() >= {"route": "strong", "reason": reason}.items()


@pytest.mark.parametrize(("tokens", "reason"), [(100, "score"), (101, "context_window"), (None, "score")])
def test_only_a_prompt_above_the_window_moves(tokens: int | None, reason: Reason) -> None:
    strong_is_small = RoutingPolicy(FixedRouter(0.9), 0.5, strong=lacking(window=100))
    weak_is_small = RoutingPolicy(FixedRouter(0.1), 0.5, weak=lacking(window=100), strong=lacking(window=101))

    assert weak_is_small.decide(needing(tokens=tokens)).reason == reason
    assert strong_is_small.decide(needing(tokens=tokens)).reason == reason
    assert strong_is_small.decide(needing(tokens=tokens)).route == ("strong" if reason == "score" else "weak")


def test_what_is_unknown_moves_nothing() -> None:
    policy = RoutingPolicy(KeywordRouter("hard"), 0.5)
    every: Any = ("image", "audio", "video", "file", "tools", "structured_output")

    assert policy.decide(needing(*every, tokens=10**9, text="easy")).route == "weak"
    assert policy.decide(needing(*every, tokens=10**9, text="hard")).route == "strong"


@pytest.mark.parametrize(
    ("strong", "weak", "needs"),
    [
        (lacking("tools"), lacking("tools"), ["tools"]),
        (lacking(window=5), lacking(window=9), []),
        (lacking("tools"), lacking("image"), ["tools", "image"]),
        (lacking("audio"), lacking("file"), ["audio", "file"]),
    ],
)
def test_where_each_side_has_an_obstacle_the_score_decides(
    strong: Capabilities, weak: Capabilities, needs: list[Need]
) -> None:
    policy = RoutingPolicy(KeywordRouter("hard"), 0.5, strong=strong, weak=weak)

    for text, route in (("hard", "strong"), ("easy", "weak")):
        decision = policy.decide(needing(*needs, tokens=10, text=text))
        assert (decision.route, decision.reason) == (route, "score")


def test_what_both_lack_does_not_hide_what_one_lacks() -> None:
    policy = RoutingPolicy(FixedRouter(0.1), 0.5, strong=lacking("tools"), weak=lacking("tools", "image"))

    decision = policy.decide(needing("tools", "image"))

    assert (decision.route, decision.reason) == ("strong", "vision")


@pytest.mark.parametrize(("side", "route"), [("weak", "strong"), ("strong", "weak")])
def test_a_side_that_the_adapter_rules_out_is_not_asked(side: Route, route: Route) -> None:
    decision = RoutingPolicy(FixedRouter(0.5), 0.5).decide(
        RoutingRequest("text", unsupported=frozenset({side}), sticky=side)
    )

    assert (decision.route, decision.reason) == (route, "unsupported")


def test_the_reason_is_the_first_of_several_obstacles() -> None:
    order: list[tuple[Need | None, Reason]] = [
        ("image", "vision"),
        ("tools", "tools"),
        ("structured_output", "structured_output"),
        ("audio", "unsupported"),
        (None, "context_window"),
    ]
    for first in range(len(order)):
        needs = [need for need, _ in order[first:] if need is not None]
        policy = RoutingPolicy(FixedRouter(0.1), 0.5, weak=lacking(*needs, window=10))
        assert policy.decide(needing(*needs, tokens=11)).reason == order[first][1]


def test_the_name_is_the_registered_one_else_the_class() -> None:
    assert RoutingPolicy(load_router("random"), 0.5).decide(RoutingRequest("text")).router == "random"
    assert RoutingPolicy(FixedRouter(0.5), 0.5).decide(RoutingRequest("text")).router == "FixedRouter"


def test_the_record_holds_plain_numbers() -> None:
    record = (
        RoutingPolicy(FixedRouter(np.float64(0.5)), np.float64(0.25)).decide(RoutingRequest("text")).record()
    )

    assert (type(record["score"]), type(record["threshold"])) == (float, float)
    assert json.loads(json.dumps(record)) == record


def test_many_are_decided_as_one_by_one_with_one_call_to_the_router() -> None:
    requests = [
        RoutingRequest("hard"),
        RoutingRequest("easy"),
        RoutingRequest("hard"),
        RoutingRequest("forced", route="weak"),
        RoutingRequest(None),
        RoutingRequest("easy", threshold=0.05),
    ]
    one_by_one = [RoutingPolicy(KeywordRouter("hard"), 0.5).decide(request) for request in requests]
    routers = KeywordRouter("hard"), KeywordRouter("hard")

    assert RoutingPolicy(routers[0], 0.5).decide_many(requests) == one_by_one
    assert asyncio.run(RoutingPolicy(routers[1], 0.5).adecide_many(requests)) == one_by_one
    assert [router.batches for router in routers] == [[["hard", "easy"]]] * 2
    assert RoutingPolicy(routers[0], 0.5).decide_many([]) == []


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
    policy = RoutingPolicy(load_router("random"), 0.5, weak=lacking("tools"))
    before = policy.decide(RoutingRequest("text"))
    twin = copied(policy)

    assert twin.decide(RoutingRequest("text")) == before
    assert twin.decide(needing("tools")).reason == "tools"
    assert twin.cache is not policy.cache
