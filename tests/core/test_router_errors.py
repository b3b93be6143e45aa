"""What a router that fails does to a call."""

import asyncio
import logging
import math
import warnings
from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any, Literal

import numpy as np
import pytest

from routellm_core import Decision, Router, RouterError, RouterWarning, RoutingPolicy, RoutingRequest

SECRET = "sk-0123456789"
PROMPT = "a private prompt"

OUTCOMES: list[Any] = [
    RuntimeError(SECRET),
    np.array([math.nan]),
    np.array([math.inf]),
    np.array([1.001]),
    np.array([-0.001]),
    np.array([]),
    np.array([0.9, 0.9]),
    np.array([[0.9]]),
    np.float64(0.9),
    None,
    ["high"],
    ["0.9"],
    np.array([0.9 + 0.1j]),
    [Decimal("0.9"), 0.1j],
    [0.1j],
    [object()],
    [[0.9], [0.9, 0.9]],
]


class BrokenRouter(Router):
    """Hands back, or raises, what it was made with."""

    def __init__(self, outcome: Any) -> None:
        self.outcome = outcome

    def score(self, prompts: Sequence[str]) -> Any:
        if isinstance(self.outcome, Exception):
            raise self.outcome
        return self.outcome


class InlineBrokenRouter(BrokenRouter):
    scores_inline = True


class AwaitingBrokenRouter(BrokenRouter):
    async def ascore(self, prompts: Sequence[str]) -> Any:
        await asyncio.sleep(0)
        return self.score(prompts)


def decide_sync(policy: RoutingPolicy) -> Decision:
    return policy.decide(RoutingRequest(PROMPT))


def decide_async(policy: RoutingPolicy) -> Decision:
    return asyncio.run(policy.adecide(RoutingRequest(PROMPT)))


WAYS = [
    (BrokenRouter, decide_sync),
    (BrokenRouter, decide_async),
    (InlineBrokenRouter, decide_async),
    (AwaitingBrokenRouter, decide_async),
]

Way = tuple[Callable[[Any], Router], Callable[[RoutingPolicy], Decision]]


@pytest.fixture(params=WAYS, ids=lambda way: f"{way[0].__name__}-{way[1].__name__}")
def way(request: pytest.FixtureRequest) -> Way:
    chosen: Way = request.param
    return chosen


@pytest.mark.parametrize("route", ["strong", "weak"])
@pytest.mark.parametrize("outcome", OUTCOMES, ids=repr)
def test_a_failing_router_sends_the_call_to_the_side_asked_for_with_one_warning(
    way: Way, outcome: Any, route: Literal["strong", "weak"]
) -> None:
    make, decide = way
    policy = RoutingPolicy(make(outcome), 0.5, on_router_error=route)

    with pytest.warns(RouterWarning) as warned:
        decision = decide(policy)

    assert decision == Decision(route, None, 0.5, "router_error", policy.router.name)
    assert len(warned) == 1


@pytest.mark.parametrize("outcome", OUTCOMES, ids=repr)
def test_raise_fails_the_call_and_keeps_the_cause(way: Way, outcome: Any) -> None:
    make, decide = way

    with pytest.raises(RouterError, match=r"^router '\w+' failed: ") as caught:
        decide(RoutingPolicy(make(outcome), 0.5, on_router_error="raise"))

    if isinstance(outcome, Exception):
        assert caught.value.__cause__ is outcome
    else:
        assert isinstance(caught.value.__cause__, Exception)
    # The cause has the router's own words, which may repeat a prompt or a key.
    assert SECRET not in str(caught.value)


def test_strong_answers_by_default() -> None:
    with pytest.warns(RouterWarning):
        assert decide_sync(RoutingPolicy(BrokenRouter(RuntimeError()), 0.5)).route == "strong"


def test_the_warning_names_router_kind_and_side_and_nothing_secret() -> None:
    with pytest.warns(RouterWarning) as warned:
        decide_sync(RoutingPolicy(BrokenRouter(RuntimeError(SECRET + PROMPT)), 0.5, on_router_error="weak"))

    message = str(warned[0].message)
    assert message.startswith("router 'BrokenRouter' failed with RuntimeError; the call goes to weak.")
    assert "on_router_error='raise'" in message
    assert SECRET not in message
    assert PROMPT not in message


def test_with_warnings_as_errors_the_call_works_and_the_log_says_it(caplog: pytest.LogCaptureFixture) -> None:
    policy = RoutingPolicy(BrokenRouter(RuntimeError(SECRET)), 0.5)

    with warnings.catch_warnings(), caplog.at_level(logging.WARNING, logger="routellm_core"):
        warnings.simplefilter("error")
        decision = decide_sync(policy)

    assert (decision.route, decision.reason) == ("strong", "router_error")
    assert "failed with RuntimeError" in caplog.text
    assert SECRET not in caplog.text


def test_a_failed_score_is_not_remembered(way: Way) -> None:
    make, decide = way
    router: Any = make(RuntimeError(SECRET))
    policy = RoutingPolicy(router, 0.5)
    with pytest.warns(RouterWarning):
        assert decide(policy).score is None

    router.outcome = np.array([0.25])
    assert decide(policy).score == 0.25

    router.outcome = RuntimeError("the router is not asked again")
    assert decide(policy).score == 0.25


def test_a_failing_router_leaves_calls_alone_that_need_no_score() -> None:
    policy = RoutingPolicy(BrokenRouter(RuntimeError()), 0.5, on_router_error="raise")

    decisions = [policy.decide(RoutingRequest(PROMPT, route="weak")), policy.decide(RoutingRequest(None))]

    assert [decision.reason for decision in decisions] == ["forced", "no_text"]
