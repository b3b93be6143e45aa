"""RouteLLMDecisionModel: the learned score for LangChain's `ModelRouterMiddleware`, without a model call."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, Self

try:
    from langchain_core.decisions import (
        BaseDecisionModel,
        Choice,
        ChoiceAnswer,
        ClassifierResponse,
        Noul,
        NoulAnswer,
        Question,
        State,
    )
    from langchain_core.decisions.types import Answer
except ImportError as missing:
    raise ImportError(
        "RouteLLMDecisionModel needs decision models: pip install -U 'langchain-core>=1.8'"
    ) from missing
from langchain_core.messages import BaseMessage, HumanMessage
from pydantic import PrivateAttr, model_validator
from typing_extensions import override

from langchain_routellm import conversation
from routellm_core import Decision, RoutingRequest
from routellm_core.pair.routing_state import RoutingState
from routellm_core.routing.policy import OnRouterError, RoutingPolicy
from routellm_core.routing.request import scored_text
from routellm_core.routing.share_tracker import DEFAULT_WINDOW
from routellm_core.settings import Given, RouterGiven, RoutingSettings

MODEL = "routellm"


class RouteLLMDecisionModel(BaseDecisionModel):
    """Answers which of two models a text needs, by a router's score.

    A `Choice` between the labels `strong` and `weak` is answered by the score against the threshold; a `Noul`
    is answered by the score. The instructions and criteria are not read: the router has learned the question.

    ```python
    from langchain.agents.middleware import ModelChoice, ModelRouterMiddleware

    ModelRouterMiddleware(
        choices={
            "powerful": ModelChoice(model="openai:gpt-4o", criteria="Hard tasks."),
            "fast": ModelChoice(model="openai:gpt-4o-mini", criteria="Easy tasks."),
        },
        instructions="Choose the least costly model suited to the task.",
        classifier=RouteLLMDecisionModel(strong="powerful", weak="fast", strong_share=0.3),
    )
    ```
    """

    model: str = MODEL
    """What traces call it."""
    strong: str
    """The label of the capable model."""
    weak: str
    """The label of the cheap model."""
    router: Given[RouterGiven] = "default"
    """A name, a folder written by `Router.save`, or a Router object."""
    threshold: float | None = None
    """A text goes to strong when its score is at least this, in [0, 1]."""
    strong_share: float | None = None
    """Instead of a threshold: the share of texts that go to strong, in [0, 1]."""
    share_window: Given[int | None] = DEFAULT_WINDOW
    """How many of the last scored texts the share is kept on; None: the threshold never moves."""
    no_text_route: Given[Literal["strong", "weak"]] = "strong"
    """The side for what holds no human text."""
    on_router_error: Given[OnRouterError] = "strong"
    """The side that is chosen when the router fails, or "raise"."""

    _policy: RoutingPolicy = PrivateAttr()

    @model_validator(mode="after")
    def _resolve(self) -> Self:
        if self.strong == self.weak:
            raise ValueError(f"strong and weak are both {self.strong!r}, expected the labels of two choices.")
        given = {name: value for name, value in self.__dict__.items() if name not in ("strong", "weak")}
        settings = RoutingSettings.checked(given)
        state = RoutingState(settings)
        self._policy = settings.policy(state.cache, state.share, state.counter.expected.score_quantiles)
        return self

    @property
    @override
    def _provider(self) -> str:
        return "routellm"

    @override
    def _classify(self, state: State, questions: dict[str, Question]) -> ClassifierResponse:
        return self._answered(self._policy.decide(_request(state)), questions)

    @override
    async def _aclassify(self, state: State, questions: dict[str, Question]) -> ClassifierResponse:
        return self._answered(await self._policy.adecide(_request(state)), questions)

    def _answered(self, decision: Decision, questions: Mapping[str, Question]) -> ClassifierResponse:
        answers: dict[str, Answer] = {
            name: self._answer(decision, name, question) for name, question in questions.items()
        }
        return ClassifierResponse(model=self.model, answers=answers)

    def _answer(self, decision: Decision, name: str, question: Question) -> ChoiceAnswer | NoulAnswer:
        chosen = decision.route == "strong"
        # Without a score only the route is known.
        score = float(chosen) if decision.score is None else decision.score
        if isinstance(question, Noul):
            return NoulAnswer(type="noul", noul=score)
        if not isinstance(question, Choice) or set(question.criteria) != {self.strong, self.weak}:
            asked = (
                sorted(question.criteria) if isinstance(question, Choice) else f"a {type(question).__name__}"
            )
            raise ValueError(
                f"question {name!r} asks for {asked}, expected a Choice between {self.strong!r} and "
                f"{self.weak!r}, or a Noul."
            )
        return ChoiceAnswer(
            type="choice",
            choice=self.strong if chosen else self.weak,
            probabilities={self.strong: score, self.weak: 1.0 - score},
            confidence=score if chosen else 1.0 - score,
        )


def _request(state: State) -> RoutingRequest:
    return RoutingRequest(scored_text(conversation.human_texts(_messages(state))))


def _messages(state: object) -> list[BaseMessage]:
    """Return what of a state may be a human's words: messages, and text that is no message's."""
    if isinstance(state, BaseMessage):
        return [state]
    if isinstance(state, str):
        return [HumanMessage(state)]
    if isinstance(state, Mapping):
        state = list(state.values())
    return (
        [message for part in state for message in _messages(part)] if isinstance(state, list | tuple) else []
    )
