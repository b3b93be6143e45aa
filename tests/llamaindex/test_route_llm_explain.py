"""`llm.explain(input)`: what moved the score of the very text that the call would be scored by."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

pytest.importorskip("llama_index.core", reason="llama-index-core is not installed")
pytest.importorskip("llama_index.llms.openai", reason="llama-index-llms-openai is not installed")

from llama_index.core.llms import ChatMessage, MessageRole
from llama_index.core.prompts import PromptTemplate

from llamaindex_routellm import RouteLLM
from routellm_core import load_router, routing

from tests.routers import FixedRouter

QUESTION = "Prove that every bounded sequence of real numbers has a convergent subsequence."
TEMPLATE = PromptTemplate("Context: {context_str}\nQuery: {query_str}\nAnswer: ")
MESSAGES = [
    ChatMessage(QUESTION),
    ChatMessage("No.", role=MessageRole.ASSISTANT),
    ChatMessage("Why not?"),
]
INPUTS: dict[str, tuple[Any, dict[str, Any]]] = {
    "string": (QUESTION, {}),
    "messages": (MESSAGES, {}),
    "template": (TEMPLATE, {"context_str": "Oslo is big.", "query_str": QUESTION}),
}


@pytest.fixture
def llm(pair: Callable[..., RouteLLM]) -> RouteLLM:
    return pair(router="default", threshold=0.5)


@pytest.mark.parametrize("name", INPUTS)
def test_it_explains_the_score_that_the_call_is_routed_by(llm: RouteLLM, name: str) -> None:
    asked, arguments = INPUTS[name]
    explanation = llm.explain(asked, **arguments)
    decision = llm.route(asked, **arguments)

    assert explanation.text == decision.text == QUESTION
    assert explanation.score == pytest.approx(decision.score, abs=1e-9)
    assert explanation.parts == load_router("default").explain(QUESTION).parts
    assert (explanation.kind, explanation.supported) != (None, None)
    assert llm.routing_stats().strong.calls + llm.routing_stats().weak.calls == 0


def test_what_no_score_decides_says_so(llm: RouteLLM) -> None:
    with routing(route="weak"), pytest.raises(ValueError, match="goes to weak, for the reason 'forced'"):
        llm.explain(QUESTION)
    with pytest.raises(ValueError, match="for the reason 'no_text'"):
        llm.explain("")


def test_a_router_that_explains_nothing_says_so(pair: Callable[..., RouteLLM]) -> None:
    with pytest.raises(ValueError, match="the router 'FixedRouter' can't explain its scores"):
        pair(router=FixedRouter(0.5)).explain(QUESTION)
