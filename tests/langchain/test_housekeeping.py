"""Calls that a program makes for itself go to the side that the pair's owner set for them."""

from __future__ import annotations

from typing import Any

import pytest
from langchain_core.messages import AIMessage, HumanMessage, SystemMessage
from langchain_core.prompts import ChatPromptTemplate, MessagesPlaceholder

from langchain_routellm.housekeeping import OPENINGS

from examples.stand_in import StandInServer
from tests.langchain.conftest import Pair

LONG = "A hard question, and all that it takes to answer it. " * 20


def test_summaries_of_a_middleware_go_to_weak(pair: Pair, stand_in: StandInServer) -> None:
    agents = pytest.importorskip("langchain.agents", reason="langchain is not installed")
    from langchain.agents.middleware import SummarizationMiddleware

    llm = pair()
    middleware = SummarizationMiddleware(model=llm, trigger=("messages", 4), keep=("messages", 1))
    agent = agents.create_agent(llm, middleware=[middleware])
    said = [HumanMessage(LONG), AIMessage("Well."), HumanMessage(LONG), AIMessage("Yes."), HumanMessage(LONG)]
    agent.invoke({"messages": said})
    assert list(stand_in.calls()) == ["gpt-weak", "gpt-strong"]
    assert llm.routing_stats().reasons["housekeeping"] == 1


@pytest.mark.parametrize("opening", OPENINGS)
def test_templates_that_are_known(pair: Pair, opening: str) -> None:
    stuffed = f"{opening.capitalize()} these hard things: {LONG}"
    found = pair().route(stuffed)
    assert (found.route, found.reason, found.score) == ("weak", "housekeeping", None)
    assert pair(housekeeping_route="strong").route(stuffed).reason == "housekeeping"
    assert pair(housekeeping_route=None).route(stuffed).reason == "score"


def test_a_history_aware_retrievers_question(pair: Pair) -> None:
    prompt = ChatPromptTemplate.from_messages(
        [
            ("system", "Given a chat history and the latest user question, formulate a standalone question."),
            MessagesPlaceholder("chat_history"),
            ("human", "{input}"),
        ]
    )
    given = prompt.invoke({"chat_history": [HumanMessage(LONG), AIMessage("Yes.")], "input": LONG})
    assert pair().route(given).reason == "housekeeping"
    # the answer of a person is worth more than the rule
    assert pair().route(given, {"configurable": {"routellm_route": "strong"}}).reason == "forced"
    assert pair(weak_lacks={"image"}).route(_with_image(given.to_messages())).reason == "vision"


def test_what_a_person_says_is_no_housekeeping(pair: Pair) -> None:
    for text in (LONG, "How do I create a summary of the conversation with LangChain?"):
        assert pair().route([SystemMessage("You summarise well."), HumanMessage(text)]).reason == "score"


def _with_image(messages: list[Any]) -> list[Any]:
    image = {"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBORw0KGgo="}}
    return [*messages[:-1], HumanMessage([{"type": "text", "text": LONG}, image])]
