import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from routellm_core import Decision, RoutingPolicy, RoutingRequest, routing
from routellm_core.routing.budget import Budget, BudgetLimit
from routellm_core.routing.decision import Route
from routellm_core.routing.dispatcher import Dispatcher
from routellm_core.routing.escalation import Escalation, UnparsedAnswerError
from routellm_core.routing.prices import Price, Prices, TokenUsage
from routellm_core.routing.routing_counter import RoutingCounter

from tests.routers import KeywordRouter


class BusyError(Exception):
    pass


@dataclass
class Models:
    """Answers, or raises, what it holds for a side; remembers who was asked."""

    outcomes: Mapping[Route, Any]
    asked: list[Decision] = field(default_factory=list)

    def ask(self, decision: Decision) -> Any:
        self.asked.append(decision)
        outcome = self.outcomes[decision.route]
        if isinstance(outcome, BaseException):
            raise outcome
        return outcome

    async def aask(self, decision: Decision) -> Any:
        await asyncio.sleep(0)
        return self.ask(decision)

    @property
    def routes(self) -> list[Route]:
        return [decision.route for decision in self.asked]


def dispatcher(shadow: bool = False, prices: Prices | None = None, **escalation: Any) -> Dispatcher:
    return Dispatcher(
        RoutingPolicy(KeywordRouter("hard"), 0.5),
        RoutingCounter(prices),
        escalation=Escalation.from_settings(**escalation),
        shadow=shadow,
        usage_of=lambda message: TokenUsage(10, len(message)),
    )


def budgeted(money: float, **escalation: Any) -> Dispatcher:
    """One whose budget a call may use up: an input token of strong costs 1."""
    prices = Prices(Price(1e6, 0.0), Price(0.0, 0.0))
    limit = BudgetLimit(money, "day")
    return replace(dispatcher(prices=prices, **escalation), budget=Budget(limit, lambda: 86_400.0))


Answer = Callable[..., Any]


def answer_sync(it: Dispatcher, text: str, models: Models, **settings: Any) -> Any:
    return it.answer(it.decide(RoutingRequest(text)), models.ask, **settings)


def answer_async(it: Dispatcher, text: str, models: Models, **settings: Any) -> Any:
    async def scenario() -> Any:
        return await it.aanswer(await it.adecide(RoutingRequest(text)), models.aask, **settings)

    return asyncio.run(scenario())


@pytest.fixture(params=[answer_sync, answer_async])
def answer(request: pytest.FixtureRequest) -> Answer:
    chosen: Answer = request.param
    return chosen


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


def test_a_final_answer_stands_whatever_escalate_if_says(answer: Answer) -> None:
    models = Models({"weak": "weak", "strong": "STRONG"})

    assert answer(dispatcher(escalate_if=bool), "easy", models, final=True) == "weak"
    assert answer(dispatcher(escalate_if=bool), "easy", models) == "STRONG"


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
