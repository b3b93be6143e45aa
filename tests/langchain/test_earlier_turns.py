"""sticky="conversation": what is known of earlier turns, by records, by thread_id and by their texts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from langchain_core.messages import AIMessage, AnyMessage, HumanMessage, SystemMessage, ToolMessage
from langchain_core.runnables import RunnableConfig

from langchain_routellm.earlier_turns import conversation_of
from routellm_core import routing
from routellm_core.routing.stickiness import LEANS_OVER

from examples.stand_in import StandInServer
from tests.langchain.conftest import Pair, chat_openai

EASY, HARD = "What is the capital of France?", "Prove the hard theorem of Fermat."
CALL = {"name": "f", "args": {}, "id": "call_1"}


def thread(name: str) -> RunnableConfig:
    return {"configurable": {"thread_id": name}}


def decided(message: Any) -> tuple[str, str]:
    record = message.response_metadata["routellm"]
    return record["route"], record["reason"]


def bare(messages: Sequence[AnyMessage]) -> list[tuple[str, str]]:
    """Messages as an application keeps them that stores role and content."""
    return [(message.type, str(message.content)) for message in messages]


def answered(route: str, reason: str = "score") -> AIMessage:
    return AIMessage("Well.", response_metadata={"routellm": {"route": route, "reason": reason}})


def kept_turns(llm: Any, easy_turns: int, **how: Any) -> list[str]:
    """Play a hard turn and easy ones, each with the whole history; return who answers."""
    history: list[AnyMessage] = []
    told = []
    for number in range(easy_turns + 1):
        history.append(HumanMessage(HARD if number == 0 else f"What is the capital of country {number}?"))
        answer = llm.invoke(bare(history) if how.get("bare") else history, how.get("config"))
        history.append(answer)
        told.append(" ".join(decided(answer)))
    return told


@pytest.mark.parametrize(
    "how",
    [
        {"bare": False},
        {"bare": True},
        {"bare": True, "config": thread("one")},
        {"bare": False, "config": thread("one")},
    ],
)
def test_it_comes_down_after_the_easy_turns_that_were_asked_for(pair: Pair, how: dict[str, Any]) -> None:
    llm = pair(sticky="conversation", sticky_turns=2)
    told = kept_turns(llm, 4, **how)
    assert told == ["strong score", "strong sticky", "strong sticky", "weak score", "weak score"]
    llm = pair(sticky="conversation")
    assert set(kept_turns(llm, 4, **how)[1:]) == {"strong sticky"}


def test_a_thread_is_enough_without_any_history(pair: Pair) -> None:
    llm = pair(sticky="conversation")
    assert decided(llm.invoke(HARD, thread("one"))) == ("strong", "score")
    assert decided(llm.invoke(EASY, thread("one"))) == ("strong", "sticky")
    assert decided(llm.invoke(EASY, thread("two"))) == ("weak", "score")
    assert decided(llm.invoke(EASY, thread(""))) == ("weak", "score")
    assert decided(llm.invoke(EASY, {"metadata": {"session_id": "one"}})) == ("strong", "sticky")
    with routing(thread_id="one"):
        assert decided(llm.invoke(EASY)) == ("strong", "sticky")
    assert decided(llm.bind(stop=["."]).invoke(EASY, thread("one"))) == ("strong", "sticky")


async def test_every_way_to_call_knows_the_thread(pair: Pair) -> None:
    llm = pair(sticky="conversation")
    await llm.ainvoke(HARD, thread("one"))
    assert [decided(each) for each in llm.batch([EASY, EASY], [thread("one"), thread("two")])] == [
        ("strong", "sticky"),
        ("weak", "score"),
    ]
    assert decided(next(llm.stream(EASY, thread("one")))) == ("strong", "sticky")
    assert decided(await anext(llm.astream(EASY, thread("one")))) == ("strong", "sticky")


def test_the_texts_that_are_scored_are_those_of_answered_turns(pair: Pair) -> None:
    llm = pair(sticky="conversation")
    route = llm.route
    # Two messages of one person, in one turn: only the newest is scored, and nothing was answered yet.
    assert route([HumanMessage(HARD), HumanMessage(EASY)]).reason == "score"
    assert route([SystemMessage("Be hard."), ("ai", "Hello, a hard day?"), ("human", EASY)]).reason == "score"
    assert route([("human", HARD), ("ai", "Well."), ("human", EASY)]).reason == "sticky"
    stuffed = f"Use these hard passages.\n\nContext:\nhard\n\nQuestion: {EASY}"
    assert route([("human", stuffed), ("ai", "Paris."), ("human", EASY)]).reason == "score"
    picked = pair(sticky="conversation", prompt_extractor=lambda messages: str(messages[0].content))
    assert picked.route([("human", EASY), ("ai", "Paris."), ("human", HARD)]).reason == "score"


def test_a_summary_and_an_open_loop_keep_what_is_known(pair: Pair) -> None:
    llm = pair(sticky="conversation")
    summary = HumanMessage("A summary of what was said.", additional_kwargs={"lc_source": "summarization"})
    step = answered("strong").model_copy(update={"tool_calls": [CALL]})
    loop = [summary, step, ToolMessage("42", tool_call_id="call_1")]
    assert (llm.route(loop).route, llm.route(loop).reason) == ("strong", "sticky")
    assert llm.route([*loop, answered("strong", "sticky"), HumanMessage(EASY)]).reason == "sticky"
    llm.invoke(HARD, thread("one"))
    assert llm.route([summary, answered("weak"), HumanMessage(EASY)]).route == "weak"
    kept = llm.invoke([summary, answered("weak"), HumanMessage(EASY)], thread("one"))
    assert decided(kept) == ("strong", "sticky")


def test_what_a_switch_costs_in_lost_cache(pair: Pair, stand_in: StandInServer) -> None:
    prices = {
        "strong": {"input": 2.5, "output": 10, "cached_input": 1.25},
        "weak": {"input": 0.15, "output": 0.6, "cached_input": 0.075},
    }
    llm = pair(prices=prices, weak=chat_openai(stand_in, "gpt-weak"))
    history: list[Any] = [HumanMessage(f"{EASY} Answer with this in mind: {'some words ' * 2_000}")]
    history.append(llm.invoke(history))
    assert llm.routing_stats().switch_cost == 0.0
    history.append(HumanMessage(HARD))
    history.append(llm.invoke(history))
    stats = llm.routing_stats()
    tokens = stats.strong.tokens.input
    assert stats.switches == 1
    assert stats.switch_cost == pytest.approx(tokens * 1.25e-6, rel=0.02)
    # Weak still has what it read before, and what is new is in no cache.
    llm.invoke([*history, HumanMessage(EASY + " And with this:" * 2_000)])
    later = llm.routing_stats()
    assert (later.switches, later.switch_cost) == (2, pytest.approx(stats.switch_cost, rel=0.03))
    short = [HumanMessage(EASY), answered("weak"), HumanMessage(HARD + " With this:" * 2_000)]
    llm.invoke(short)
    assert (llm.routing_stats().switches, llm.routing_stats().switch_cost) == (3, later.switch_cost)
    assert (
        pair(prices={side: {"input": 1, "output": 1} for side in prices}).routing_stats().switch_cost is None
    )


def test_settings_are_checked_and_may_be_taken_back(pair: Pair) -> None:
    with pytest.raises(ValueError, match="sticky_turns is 0, expected a whole number of at least 1"):
        pair(sticky="conversation", sticky_turns=0)
    with pytest.raises(ValueError, match="nothing is sticky: give sticky='conversation'"):
        pair(sticky_turns=3)
    llm = pair(sticky="conversation", sticky_turns=3)
    llm.sticky = None
    assert llm.sticky_turns is None
    assert llm.route([("human", HARD), ("ai", "Well."), ("human", EASY)]).route == "weak"
    copied = llm.model_copy(update={"sticky": "conversation"})
    assert copied.route([("human", HARD), ("ai", "Well."), ("human", EASY)]).reason == "sticky"


def test_a_long_conversation_is_read_in_parts_of_bounded_length() -> None:
    messages: list[Any] = []
    for number in range(300):
        messages += [HumanMessage(f"question {number}"), AIMessage("Well.")]
    messages.append(HumanMessage("the last one"))
    read: list[int] = []

    def scored(part: list[Any]) -> str:
        read.append(len(part))
        return str(part[-2].content)

    texts = conversation_of(messages, scored, whole=False).texts()
    assert list(texts) == [f"question {number}" for number in range(250, 300)]
    assert set(read) == {2 * (LEANS_OVER + 1)}
    read.clear()
    conversation_of(messages, scored, whole=True).texts()
    assert read == [2 * number for number in range(251, 301)]


def test_a_chain_of_follow_ups_leans_on_the_turn_that_began_it(pair: Pair) -> None:
    llm = pair(sticky="conversation", sticky_turns=1)
    history: list[Any] = [("human", HARD), ("ai", "Well.")]
    for _ in range(LEANS_OVER - 1):
        history += [("human", "go on"), ("ai", "Well.")]
    assert llm.route([*history, ("human", "What is the capital of Chad?")]).reason == "sticky"
