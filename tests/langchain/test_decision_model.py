"""The learned score in LangChain's own model router, and as any other decision model."""

from __future__ import annotations

from typing import Any

import pytest

pytest.importorskip("langchain_core.decisions", reason="this langchain-core has no decision models")

from langchain_core.decisions import Choice, Noul, Score
from langchain_core.messages import AIMessage, HumanMessage

from langchain_routellm import RouteLLMDecisionModel

from examples.stand_in import StandInServer
from tests.langchain.conftest import chat_openai
from tests.pair_operation import NumberRouter, prompts
from tests.routers import FailingRouter, KeywordRouter

QUESTION = Choice(instructions="Which one?", criteria={"powerful": "hard", "fast": "easy"})


def model(**settings: Any) -> RouteLLMDecisionModel:
    given: dict[str, Any] = {"router": KeywordRouter("hard"), "threshold": 0.5}
    return RouteLLMDecisionModel(strong="powerful", weak="fast", **{**given, **settings})


def choice(it: RouteLLMDecisionModel, state: Any) -> Any:
    return it.invoke({"state": state, "questions": {"route": QUESTION}}).choices["route"]


def test_a_choice_is_answered_by_the_score() -> None:
    answer = choice(model(), "a hard one, longer than a few letters")
    assert (answer.choice, answer.confidence) == ("powerful", 0.9)
    assert answer.probabilities == pytest.approx({"powerful": 0.9, "fast": 0.1})
    assert choice(model(), HumanMessage("an easy question of the usual kind")).choice == "fast"


def test_the_newest_human_text_of_a_conversation_is_scored() -> None:
    talk = [HumanMessage("an easy question at first"), AIMessage("hard"), HumanMessage("now a hard question")]
    assert choice(model(), talk).choice == "powerful"
    assert choice(model(), {"messages": talk[:2]}).choice == "fast"


def test_a_noul_is_the_score_and_other_questions_are_refused() -> None:
    ask = {"state": "a hard question for sure", "questions": {"hard": Noul(instructions="Is it hard?")}}
    assert model().invoke(ask).nouls["hard"].noul == 0.9
    wrong = Choice(instructions="Which?", criteria={"a": None, "b": None})
    for question, asked in ((wrong, r"\['a', 'b'\]"), (Score(instructions="", criteria=["a", "b"]), "Score")):
        with pytest.raises(ValueError, match=f"asks for .*{asked}.*expected a Choice between 'powerful'"):
            model().invoke({"state": "hello", "questions": {"q": question}})


def test_a_router_that_fails_chooses_strong() -> None:
    with pytest.warns(UserWarning, match="failed"):
        assert choice(model(router=FailingRouter()), "a question of some length").choice == "powerful"
    assert choice(model(no_text_route="weak"), [AIMessage("no human text")]).choice == "fast"


async def test_a_share_follows_the_traffic_async_too() -> None:
    it = model(router=NumberRouter(), threshold=None, strong_share=0.3)
    ask = [{"state": prompt, "questions": {"route": QUESTION}} for prompt in prompts(range(800, 1_000))]
    chosen = [(await it.ainvoke(one)).choices["route"].choice for one in ask]
    assert abs(chosen.count("powerful") / 200 - 0.3) < 0.15


def test_it_routes_langchains_own_middleware(stand_in: StandInServer) -> None:
    agents = pytest.importorskip("langchain.agents", reason="langchain is not installed")
    middleware = pytest.importorskip("langchain.agents.middleware.model_router", reason="no model router")
    strong, weak = chat_openai(stand_in, "gpt-strong"), chat_openai(stand_in, "gpt-weak")
    with pytest.warns(Warning, match="beta"):
        router = middleware.ModelRouterMiddleware(
            choices={
                "powerful": middleware.ModelChoice(model=strong, criteria="Hard tasks."),
                "fast": middleware.ModelChoice(model=weak, criteria="Easy tasks."),
            },
            instructions="Choose the least costly model suited to the task.",
            classifier=model(),
        )
    agent = agents.create_agent(weak, middleware=[router])
    agent.invoke({"messages": [HumanMessage("this is a hard question")]})
    agent.invoke({"messages": [HumanMessage("this is an easy question")]})
    assert dict(stand_in.calls()) == {"gpt-strong": 1, "gpt-weak": 1}


def test_equal_labels_are_refused() -> None:
    with pytest.raises(ValueError, match="strong and weak are both 'a'"):
        RouteLLMDecisionModel(strong="a", weak="a", threshold=0.5)
