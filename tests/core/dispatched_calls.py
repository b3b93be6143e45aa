"""Calls of a dispatcher, sync and async, with models that answer or raise by a script."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from routellm_core import Decision, RoutingPolicy, RoutingRequest
from routellm_core.routing.budget import Budget, BudgetLimit
from routellm_core.routing.decision import Route
from routellm_core.routing.dispatcher import Dispatcher
from routellm_core.routing.escalation import Escalation
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
