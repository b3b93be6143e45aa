"""Escalation by the dispatcher: which errors and answers ask the other side, and what that costs."""

import asyncio

import pytest

from routellm_core import Decision, RoutingRequest
from routellm_core.routing.escalation import UnparsedAnswerError
from routellm_core.routing.prices import Price, Prices, TokenUsage

from tests.core.dispatched_calls import Answer, BusyError, Models, answer_sync, budgeted, dispatcher


def test_a_final_answer_stands_whatever_escalate_if_says(answer: Answer) -> None:
    models = Models({"weak": "weak", "strong": "STRONG"})

    assert answer(dispatcher(escalate_if=bool), "easy", models, final=True) == "weak"
    assert answer(dispatcher(escalate_if=bool), "easy", models) == "STRONG"


def test_a_named_error_of_weak_asks_strong_with_an_escalated_decision(answer: Answer) -> None:
    it, models = dispatcher(escalate_on=BusyError), Models({"weak": BusyError(), "strong": "STRONG"})

    assert answer(it, "easy", models) == "STRONG"
    assert models.asked == [
        Decision("weak", 0.1, 0.5, "score", "KeywordRouter"),
        Decision("strong", 0.1, 0.5, "escalated", "KeywordRouter"),
    ]
    stats = it.counter.snapshot()
    assert (stats.requests, stats.weak.calls, stats.strong.calls, stats.escalations) == (1, 1, 1, 1)
    assert (stats.strong_share, stats.reasons) == (1.0, {"score": 1})


def test_no_call_goes_to_and_fro(answer: Answer) -> None:
    second = BusyError("second")
    it = dispatcher(escalate_on=BusyError, escalate_strong_on=BusyError)
    models = Models({"weak": BusyError("first"), "strong": second})

    with pytest.raises(BusyError) as caught:
        answer(it, "easy", models)

    assert caught.value is second
    assert second.__context__ is None, "the first side's error is not the second one's cause"
    assert models.routes == ["weak", "strong"]


def test_a_named_error_of_strong_asks_weak(answer: Answer) -> None:
    it, models = dispatcher(escalate_strong_on=BusyError), Models({"strong": BusyError(), "weak": "weak"})

    assert answer(it, "hard", models) == "weak"
    assert models.routes == ["strong", "weak"]


def test_a_rejected_answer_is_paid_for_and_asks_strong(answer: Answer) -> None:
    prices = Prices(strong=Price(10, 10), weak=Price(1, 1))
    it = dispatcher(escalate_if=lambda message: message == "bad", prices=prices)
    models = Models({"weak": "bad", "strong": "STRONG"})

    assert answer(it, "easy", models) == "STRONG"
    stats = it.counter.snapshot()
    assert (stats.weak.tokens, stats.strong.tokens) == (TokenUsage(10, 3), TokenUsage(10, 6))
    assert stats.cost == pytest.approx((13 * 1 + 16 * 10) / 1e6)
    assert stats.always_strong_cost == pytest.approx(16 * 10 / 1e6), "strong alone would not have asked weak"


def test_an_answer_of_the_second_side_stands_even_if_it_would_be_rejected(answer: Answer) -> None:
    it, models = dispatcher(escalate_if=lambda message: True), Models({"weak": "bad", "strong": "BAD TOO"})

    assert answer(it, "easy", models) == "BAD TOO"
    assert models.routes == ["weak", "strong"]


def test_tokens_of_an_answer_that_does_not_fit_its_schema_are_left_out_of_always_strong(
    answer: Answer,
) -> None:
    prices = Prices(strong=Price(10, 10), weak=Price(1, 1))
    it = dispatcher(escalate_on="parse_error", prices=prices)
    models = Models({"weak": UnparsedAnswerError(None, None, TokenUsage(10, 3)), "strong": "STRONG"})
    it.counter.count_tokens(Decision("weak", None, 0.5, "score", "lengths"), TokenUsage(10, 3))

    assert answer(it, "easy", models) == "STRONG"
    assert it.counter.snapshot().always_strong_cost == pytest.approx(16 * 10 / 1e6)


@pytest.mark.parametrize("error", [KeyboardInterrupt(), SystemExit()])
def test_an_interrupt_is_no_error_to_escalate(error: BaseException) -> None:
    it, models = dispatcher(escalate_on=Exception), Models({"weak": error, "strong": "STRONG"})

    with pytest.raises(type(error)):
        answer_sync(it, "easy", models)
    assert models.routes == ["weak"]


async def test_a_cancelled_call_does_not_escalate() -> None:
    it, models = (
        dispatcher(escalate_on=Exception),
        Models({"weak": asyncio.CancelledError(), "strong": "STRONG"}),
    )

    with pytest.raises(asyncio.CancelledError):
        await it.aanswer(await it.adecide(RoutingRequest("easy")), models.aask)
    assert models.routes == ["weak"]


def test_a_rejected_answer_stays_where_there_is_no_money_for_strong(answer: Answer) -> None:
    it = budgeted(10.0, escalate_if=lambda message: True)
    models = Models({"weak": "weak's", "strong": "strong's"})
    assert answer(it, "easy", models) == "strong's"  # 10 tokens: all of it
    decision = it.decide(RoutingRequest("easy as well"))
    record = decision.completed_record()
    assert it.answer(decision, models.ask) == "weak's"
    assert models.routes == ["weak", "strong", "weak"]
    assert (record["route"], record["reason"]) == ("weak", "budget")
    stats = it.counter.snapshot()
    assert (stats.escalations, stats.reasons) == (1, {"score": 1, "budget": 1})
    assert decision.account is not None
    assert decision.account.row()["reason"] == "budget"


def test_what_weak_fails_goes_to_strong_whatever_is_left(answer: Answer) -> None:
    it = budgeted(0.0, escalate_on=BusyError)
    models = Models({"weak": BusyError(), "strong": "strong's"})
    assert answer(it, "easy", models) == "strong's"
