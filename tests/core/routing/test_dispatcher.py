"""The dispatcher: decisions, answers of the chosen side, shadow mode and the cost in the record."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from routellm_core import Decision, RoutingRequest, routing
from routellm_core.routing.decision import Route
from routellm_core.routing.dispatcher import Dispatcher
from routellm_core.routing.prices import Price, Prices, TokenUsage

from tests.core.dispatched_calls import Answer, BusyError, Models, dispatcher
from tests.routers import KeywordRouter


def decide_sync(it: Dispatcher, request: RoutingRequest) -> Decision:
    return it.decide(request)


def decide_async(it: Dispatcher, request: RoutingRequest) -> Decision:
    return asyncio.run(it.adecide(request))


def decide_at_once(it: Dispatcher, request: RoutingRequest) -> Decision:
    # Scored ahead: this router's own scores would not be waited for.
    it.score_ahead([request])
    decision = it.decide_at_once(request)
    assert decision is not None
    return decision


@pytest.mark.parametrize("decide", [Dispatcher.preview, decide_sync, decide_async, decide_at_once])
def test_an_enclosing_block_sets_what_the_request_leaves_open(
    decide: Callable[[Dispatcher, RoutingRequest], Decision],
) -> None:
    it = dispatcher()
    with routing(question="hard", threshold=0.95):
        assert decide(it, RoutingRequest("easy")) == Decision("weak", 0.9, 0.95, "score", "KeywordRouter")
        assert decide(it, RoutingRequest("easy", threshold=0.05)).route == "strong"
        with routing(route="weak"):
            assert decide(it, RoutingRequest("easy")).reason == "forced"
            assert decide(it, RoutingRequest("easy", route="strong")).route == "strong"
    assert decide(it, RoutingRequest("easy")).score == 0.1


def test_scores_are_made_ahead_of_the_question_that_a_block_sets() -> None:
    it = dispatcher()
    router = it.policy.router
    assert isinstance(router, KeywordRouter)

    with routing(question="hard"):
        it.score_ahead([RoutingRequest("easy")])
        asyncio.run(it.ascore_ahead([RoutingRequest("easy"), RoutingRequest("other")]))

    assert router.batches == [["hard"]]


@pytest.mark.parametrize("shadow", [False, True])
def test_a_preview_is_the_decision_that_a_call_meets_and_is_not_counted(shadow: bool) -> None:
    it = dispatcher(shadow=shadow)

    for text in ("hard", "easy"):
        preview = it.preview(RoutingRequest(text))
        assert it.counter.snapshot().requests == 0
        assert preview == it.decide(RoutingRequest(text))
        it.counter.reset()


@pytest.mark.parametrize(("text", "expected"), [("hard", "STRONG"), ("easy", "weak")])
def test_the_side_that_the_score_chose_answers(answer: Answer, text: str, expected: str) -> None:
    it, models = dispatcher(), Models({"strong": "STRONG", "weak": "weak"})

    assert answer(it, text, models) == expected
    stats = it.counter.snapshot()
    assert (stats.requests, stats.strong.calls + stats.weak.calls, stats.escalations) == (1, 1, 0)
    assert stats.strong.tokens + stats.weak.tokens == TokenUsage(10, len(expected))


def test_the_tokens_are_those_of_the_hosts_own_message(answer: Answer) -> None:
    it, models = dispatcher(), Models({"weak": {"message": "four"}})

    assert answer(it, "easy", models, message_of=lambda outcome: outcome["message"]) == {"message": "four"}
    assert it.counter.snapshot().weak.tokens == TokenUsage(10, 4)


def test_an_error_reaches_the_caller_unchanged_and_nobody_else_is_asked(answer: Answer) -> None:
    error = BusyError()
    it, models = dispatcher(), Models({"weak": error, "strong": "STRONG"})

    with pytest.raises(BusyError) as caught:
        answer(it, "easy", models)

    assert caught.value is error
    assert (error.__cause__, error.__context__) == (None, None)
    assert models.routes == ["weak"]


@pytest.mark.parametrize(("text", "would"), [("hard", "strong"), ("easy", "weak")])
def test_in_shadow_mode_strong_answers_and_the_record_says_who_would_have(
    answer: Answer, text: str, would: Route
) -> None:
    it, models = dispatcher(shadow=True), Models({"strong": "STRONG"})

    assert answer(it, text, models) == "STRONG"
    record = models.asked[0].record()
    assert (record["route"], record["shadow_route"], record["reason"]) == ("strong", would, "score")
    stats = it.counter.snapshot()
    assert (stats.strong_share, stats.scored_share) == (1.0, 1.0 if would == "strong" else 0.0)


def test_switches_are_counted_against_the_previous_answer() -> None:
    it = dispatcher()
    previous: Route | None = None
    for text in ("hard", "hard", "easy", "hard"):
        previous = it.decide(RoutingRequest(text), previous).route

    assert it.counter.snapshot().switches == 2
    asyncio.run(it.adecide(RoutingRequest("easy"), "strong"))
    assert it.counter.snapshot().switches == 3


def test_the_record_of_a_whole_answer_says_what_it_cost_and_saved() -> None:
    it = dispatcher(
        prices=Prices(Price(1e6, 0.0), Price(1e5, 0.0)), escalate_if=lambda answer: answer == "bad"
    )
    records: list[dict[str, Any]] = []

    def ask(decision: Decision) -> str:
        records.append(decision.completed_record())
        return "bad" if (decision.route, decision.text) == ("weak", "odd") else "good"

    for text in ("easy", "hard", "odd"):
        it.answer(it.decide(RoutingRequest(text)), ask)
    easy, hard, rejected, escalated = records
    assert (easy["cost"], easy["saving"]) == (1.0, 9.0)
    assert (hard["cost"], hard["saving"]) == (10.0, 0.0)
    assert "cost" not in rejected
    assert (escalated["cost"], escalated["saving"]) == (11.0, -1.0)


def test_without_prices_no_record_has_a_cost() -> None:
    it = dispatcher()
    decision = it.decide(RoutingRequest("easy"))
    record = decision.completed_record()
    it.answer(decision, lambda decision: "good")
    assert "cost" not in record
