"""`llm.explain(input)`: what moved the score of the very text that the call would be scored by."""

from __future__ import annotations

from typing import Any

import pytest
from langchain_core.messages import AIMessage, HumanMessage, SystemMessage

from routellm_core import RouterError, load_router, routing

from tests.langchain.conftest import Pair
from tests.routers import FixedRouter

QUESTION = "Prove that every bounded sequence of real numbers has a convergent subsequence."
STUFFED = f"Use the context to answer.\n\nContext:\nOslo is big.\n\nQuestion: {QUESTION}\nHelpful Answer:"
CONVERSATION = [
    SystemMessage("Be brief."),
    HumanMessage(QUESTION),
    AIMessage("No."),
    HumanMessage("Why not?"),
]


@pytest.fixture
def llm(pair: Pair) -> Any:
    return pair(router="default", threshold=0.5)


@pytest.mark.parametrize("asked", [QUESTION, STUFFED, CONVERSATION], ids=["string", "stuffed", "turns"])
def test_it_explains_the_score_that_the_call_is_routed_by(llm: Any, asked: Any) -> None:
    explanation = llm.explain(asked)
    decision = llm.route(asked)

    assert explanation.text == decision.text == QUESTION
    assert explanation.score == pytest.approx(decision.score, abs=1e-9)
    assert explanation.parts == load_router("default").explain(QUESTION).parts
    assert explanation.percentile is not None
    assert explanation.kind
    assert explanation.supported is True
    assert explanation.to_dict()["text"] == QUESTION
    assert llm.routing_stats().strong.calls + llm.routing_stats().weak.calls == 0


def test_a_question_given_per_call_or_around_it_is_explained(llm: Any) -> None:
    other = "What is the capital of Norway?"
    assert llm.explain(STUFFED, {"configurable": {"routellm_question": other}}).text == other
    with routing(question=other):
        assert llm.explain(STUFFED).text == other


def test_what_no_score_decides_says_so(llm: Any) -> None:
    with pytest.raises(ValueError, match="no score decides this call: it goes to strong, for the reason"):
        llm.explain(QUESTION, {"configurable": {"routellm_route": "strong"}})
    with pytest.raises(ValueError, match="for the reason 'no_text'"):
        llm.explain(" ")
    with pytest.raises(ValueError, match="for the reason 'tools'"):
        llm.model_copy(update={"weak_lacks": {"tools"}}).explain(QUESTION, tools=[{"type": "function"}])


def test_a_router_that_explains_nothing_says_so(pair: Pair) -> None:
    with pytest.raises(ValueError, match="the router 'FixedRouter' can't explain its scores"):
        pair(router=FixedRouter(0.5)).explain(QUESTION)


def test_an_extractor_that_fails_is_the_error(pair: Pair) -> None:
    def extract(messages: Any) -> str:
        raise KeyError("text")

    with pytest.raises(RouterError, match="failed: KeyError"):
        pair(router="default", threshold=0.5, prompt_extractor=extract).explain(QUESTION)
