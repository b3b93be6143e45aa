"""A cap on spend holds against counts of tokens that are missing or untrue, and against what others wrote."""

from __future__ import annotations

import asyncio
import math
from collections.abc import AsyncGenerator, Generator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from routellm_core import Decision, RoutingRequest
from routellm_core.routing.budget import Budget, BudgetLimit
from routellm_core.routing.call_account import NO_ORIGIN, CallAccount
from routellm_core.routing.decision_log import DecisionLog
from routellm_core.routing.decision_stores import connect
from routellm_core.routing.prices import Price, Prices, TokenUsage
from routellm_core.routing.routing_counter import RoutingCounter
from routellm_core.routing.shared_spend import SharedSpend

from tests.core.dispatched_calls import budgeted

PRICES = Prices(Price(1e6, 1e6, 0.0), Price(0.0, 0.0))
LIES: list[TokenUsage | None] = [
    TokenUsage(-5, 1),
    TokenUsage(5, -1),
    TokenUsage(5, 5, 10**6),
    TokenUsage(5, 5, -(10**6)),
    TokenUsage(10**30, 0),
    TokenUsage(math.nan, 1),  # type: ignore[arg-type]  # whatever a provider sends
    TokenUsage("5", 1),  # type: ignore[arg-type]
    TokenUsage(True, 1),
    None,
]


def answer(it: Budget, usage: TokenUsage | None, error: Exception | None = None) -> str:
    """Make a call that strong answers if it may, and return who did."""
    decision = it.decide(Decision("strong", 0.9, 0.5, "score", "r", account=None))
    if decision.route == "strong":
        account = CallAccount(decision, PRICES, NO_ORIGIN, (it.spend,))
        counted = Decision("strong", 0.9, 0.5, "score", "r", account=account)
        with suppress(ConnectionError), account:
            if error is not None:
                raise error
            RoutingCounter(PRICES).count_tokens(counted, usage)
    return decision.route


@pytest.mark.parametrize("lie", LIES, ids=repr)
def test_an_answer_that_nobody_can_have_counted_costs_as_much_as_the_dearest(lie: TokenUsage | None) -> None:
    it = Budget(BudgetLimit(60.0, "day"), lambda: 0.0)
    answer(it, TokenUsage(5, 5))
    routes = [answer(it, lie) for _ in range(50)]

    assert it.spent <= 60.0
    assert routes.count("strong") < 6


def test_answers_before_any_cost_is_known_are_charged_once_one_is() -> None:
    it = Budget(BudgetLimit(100.0, "day"), lambda: 0.0)
    for _ in range(8):
        answer(it, None)
    assert it.spent == 0.0
    answer(it, TokenUsage(5, 5))
    assert it.spent == 90.0
    assert answer(it, TokenUsage(5, 5)) == "weak"


def test_a_call_that_failed_is_not_charged() -> None:
    it = Budget(BudgetLimit(100.0, "day"), lambda: 0.0)
    answer(it, TokenUsage(5, 5))
    for _ in range(20):
        answer(it, None, ConnectionError())

    assert it.spent == 10.0


@pytest.mark.parametrize("shown", [0, 1], ids=["before a token", "after one"])
def test_a_stream_that_breaks_is_charged_once_something_was_shown(shown: int) -> None:
    it = budgeted(1_000.0)
    assert it.budget is not None
    it.answer(it.decide(RoutingRequest("hard")), lambda decision: "answer")

    def broken(decision: Decision) -> Generator[str, None, None]:
        yield from ["token"] * shown
        raise ConnectionError

    for _ in range(3):
        with pytest.raises(ConnectionError):
            list(it.stream(it.decide(RoutingRequest("hard")), broken, bool))

    assert it.budget.spent == 10.0 + 3 * 10.0 * shown


@pytest.mark.parametrize("streamed", [True, False], ids=["streamed", "whole"])
async def test_a_call_that_is_cancelled_is_charged(streamed: bool) -> None:
    it = budgeted(1_000.0)
    assert it.budget is not None
    it.answer(it.decide(RoutingRequest("hard")), lambda decision: "answer")

    async def endless(decision: Decision) -> AsyncGenerator[str, None]:
        yield "token"
        await asyncio.Event().wait()

    async def silent(decision: Decision) -> str:
        await asyncio.Event().wait()
        return ""

    async def call() -> None:
        decision = await it.adecide(RoutingRequest("hard"))
        if streamed:
            _ = [part async for part in it.astream(decision, endless, bool)]
        else:
            await it.aanswer(decision, silent)

    with pytest.raises(TimeoutError):
        await asyncio.wait_for(call(), 0.01)
    assert it.budget.spent == 20.0


@pytest.mark.parametrize("usage", LIES, ids=repr)
def test_what_can_not_be_true_is_no_count(usage: TokenUsage | None) -> None:
    assert usage is None or usage.credible() is None
    counter = RoutingCounter(PRICES)
    counter.count_tokens(Decision("strong", 0.9, 0.5, "score", "r"), usage)

    stats = counter.snapshot(reset=False)
    assert (stats.strong.without_tokens, stats.strong.tokens) == (1, TokenUsage())


@pytest.mark.parametrize("usage", [TokenUsage(), TokenUsage(9, 0), TokenUsage(10, 5, 10)])
def test_what_can_be_true_is(usage: TokenUsage) -> None:
    assert usage.credible() is usage


@pytest.mark.parametrize("where", ["decisions.jsonl", "sqlite:///decisions.db"])
@pytest.mark.parametrize("cost", [-1e9, math.nan, math.inf, "x", True, [1], 10**400, {"a": 1}, None])
def test_a_row_of_the_log_takes_nothing_off_the_spend(
    where: str, cost: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    log = DecisionLog.open(where)
    log.write({"id": "a", "strong_cost": 7.5})
    log.write({"id": "b", "strong_cost": cost})
    log.close()
    it = Budget(BudgetLimit(10, "day"))
    it.share(SharedSpend(DecisionLog.open(where)))

    assert it.spent == 7.5


def test_a_row_that_is_no_json_hides_no_spend(tmp_path: Path) -> None:
    path = tmp_path / "decisions.db"
    log = DecisionLog.open(f"sqlite:///{path}")
    log.write({"id": "a", "strong_cost": 7.5})
    log.write({"id": "b"})
    log.close()
    with connect(path) as connection:
        connection.execute("UPDATE decisions SET row = '{' WHERE id = 'b'")
        connection.commit()
    it = Budget(BudgetLimit(10, "day"))
    it.share(SharedSpend(DecisionLog.open(f"sqlite:///{path}")))

    assert it.spent == 7.5
