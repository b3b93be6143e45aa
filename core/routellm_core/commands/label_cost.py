"""Label cost: what a run of `label` is going to ask and to cost, told before anything is paid."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from routellm_core.commands.price_arguments import NamedPrice, currency_of
from routellm_core.evaluation.savings_text import money
from routellm_core.evaluation.traffic import ANSWER_TOKENS
from routellm_core.preferences.judging.call_log import CallLog, call_key
from routellm_core.preferences.judging.judge_prompt import judge_messages
from routellm_core.preferences.judging.known_answers import KnownAnswers
from routellm_core.preferences.judging.question import Question
from routellm_core.preferences.judging.responder import Message, Responder
from routellm_core.preferences.judging.spend import most_usage
from routellm_core.routing.prices import CHARACTERS_PER_TOKEN, TokenUsage

ROLES = ("strong", "weak", "judge")

VERDICT_TOKENS = 150
"""What a judge that gives its reasons in five sentences is expected to write."""


@dataclass(frozen=True)
class PlannedCalls:
    """The calls to one model that are not paid yet.

    Attributes:
        calls: how many.
        expected: their tokens, if answers are as long as answers commonly are.
        most: the most tokens that they can use.
    """

    calls: int = 0
    expected: TokenUsage = field(default_factory=TokenUsage)
    most: TokenUsage = field(default_factory=TokenUsage)

    def plus(self, expected: TokenUsage, most: TokenUsage) -> PlannedCalls:
        """Return these and one more call."""
        return PlannedCalls(self.calls + 1, self.expected + expected, self.most + most)


@dataclass(frozen=True)
class LabelCost:
    """What a run is going to ask and to cost.

    Attributes:
        planned: role -> its calls.
        models: role -> the model's name.
        prices: role -> its price, for roles whose price is known.
        held: answers and verdicts that are there already.
    """

    planned: Mapping[str, PlannedCalls]
    models: Mapping[str, str]
    prices: Mapping[str, NamedPrice]
    held: int

    def cost(self, role: str, *, most: bool = False) -> float | None:
        """Return what a role's calls cost; None if its price is not known."""
        if role not in self.prices:
            return None
        planned = self.planned[role]
        return self.prices[role].price.cost(planned.most if most else planned.expected)

    def total(self, *, most: bool = False) -> float | None:
        """Return what all calls cost; None if a price is not known."""
        costs = [self.cost(role, most=most) for role in ROLES]
        return None if None in costs else sum(cost for cost in costs if cost is not None)

    @property
    def currency(self) -> str:
        """What stands before amounts: "$" for list prices, nothing where it is not known."""
        return currency_of(self.prices.values()) if self.prices else ""

    def headline(self) -> str:
        """Say in one line what is asked and what it costs."""
        calls = sum(planned.calls for planned in self.planned.values())
        line = f"{calls:,} calls to make; {self.held:,} answers and verdicts are known already"
        expected, most = self.total(), self.total(most=True)
        if expected is None or most is None:
            names = ", ".join(self.models[role] for role in ROLES if role not in self.prices)
            return f"{line}; the cost is unknown without a price for {names}: give --prices"
        return f"{line}; about {money(expected, self.currency)}, at most {money(most, self.currency)}"

    def lines(self) -> Iterator[str]:
        """Say it by model, and what it rests on."""
        for role in ROLES:
            planned, cost = self.planned[role], self.cost(role)
            told = "" if cost is None else f", about {money(cost, self.currency)}"
            yield (
                f"{role} {self.models[role]}: {planned.calls:,} calls, about {planned.expected.input:,} "
                f"tokens in and {planned.expected.output:,} out{told}"
            )
        yield self.headline()
        for price in {price.model: price for price in self.prices.values()}.values():
            yield price.sentence()
        yield (
            f"estimate: {CHARACTERS_PER_TOKEN} characters per token, answers of {ANSWER_TOKENS} tokens and "
            f"verdicts of {VERDICT_TOKENS}; upper bound: every answer at its limit, and no verdict retried"
        )

    def values(self) -> dict[str, object]:
        """Return the same as numbers."""
        calls = {role: self.planned[role].calls for role in ROLES}
        return {"calls": calls, "held": self.held, "cost": self.total(), "most": self.total(most=True)}


def label_cost(
    questions: Sequence[Question],
    models: Sequence[Responder],
    prices: Mapping[str, NamedPrice],
    *,
    log: str,
    references: Mapping[str, str],
    graded: bool,
) -> LabelCost:
    """Return what a run is going to ask and to cost, after what its log holds.

    Args:
        questions: what is judged.
        models: strong, weak and judge.
        prices: role -> its price, where it is known.
        log: the run's file of calls; it need not exist.
        references: a question's text -> an answer known to be right.
        graded: whether the judge gives grades.

    Raises:
        DataError: the log is damaged or in use.
    """
    with ExitStack() as stack:
        calls = stack.enter_context(CallLog(log, changing=False)) if Path(log).exists() else None
        plan = _Plan(calls, models, references, graded)
        for question in questions:
            plan.add(question)
    names = {role: model.name for role, model in zip(ROLES, models, strict=True)}
    return LabelCost(plan.planned, names, prices, plan.held)


class _Plan:
    def __init__(
        self, log: CallLog | None, models: Sequence[Responder], references: Mapping[str, str], graded: bool
    ) -> None:
        self.planned = dict.fromkeys(ROLES, PlannedCalls())
        self.held = 0
        self._log = log
        self._models = dict(zip(ROLES, models, strict=True))
        self._references = references
        self._graded = graded

    def add(self, question: Question) -> None:
        messages = question.messages()
        answers = []
        unknown = TokenUsage()
        longest = 0
        for role in ("strong", "weak"):
            answer = self._known(role, messages)
            answers.append(answer)
            if answer is None:
                model = self._models[role]
                written = min(ANSWER_TOKENS, model.max_tokens)
                self._plan(role, TokenUsage(_tokens(messages), written), most_usage(model, messages))
                unknown += TokenUsage(written)
                longest += model.max_tokens
            else:
                self.held += 1
        strong, weak = answers
        if strong is not None and strong == weak and not self._graded:
            return
        for first, second in ((strong, weak), (weak, strong)):
            asked = judge_messages(
                question,
                first or "",
                second or "",
                reference=self._references.get(question.text, ""),
                graded=self._graded,
            )
            if None not in (first, second) and self._known("judge", asked) is not None:
                self.held += 1
                continue
            judge = self._models["judge"]
            written = min(VERDICT_TOKENS, judge.max_tokens)
            expected = TokenUsage(_tokens(asked), written) + unknown
            self._plan("judge", expected, most_usage(judge, asked) + TokenUsage(longest))

    def _plan(self, role: str, expected: TokenUsage, most: TokenUsage) -> None:
        self.planned[role] = self.planned[role].plus(expected, most)

    def _known(self, role: str, messages: Sequence[Message]) -> str | None:
        model = self._models[role]
        found = None if self._log is None else self._log.answer(call_key(model, messages))
        if found is None and isinstance(model, KnownAnswers):
            found = model.known(messages)
        return None if found is None else found.text


def _tokens(messages: Sequence[Message]) -> int:
    return sum(len(message["content"]) for message in messages) // CHARACTERS_PER_TOKEN
