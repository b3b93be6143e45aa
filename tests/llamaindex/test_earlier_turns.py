"""sticky="conversation": what is known of earlier turns, by the conversation's name and by their texts."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

pytest.importorskip("llama_index.core", reason="llama-index is not installed")

from llama_index.core import Document, MockEmbedding, VectorStoreIndex
from llama_index.core.agent.workflow import FunctionAgent
from llama_index.core.base.llms.types import ChatMessage, MessageRole
from llama_index.core.chat_engine import SimpleChatEngine
from llama_index.core.instrumentation.dispatcher import instrument_tags
from llama_index.core.memory import ChatMemoryBuffer
from llama_index.core.prompts import PromptTemplate

from llamaindex_routellm import earlier_turns
from routellm_core import routing
from routellm_core.routing.stickiness import LEANS_OVER

from tests.llamaindex.endpoints import ENDPOINTS, TOOLS, WITH_TOOLS, last_response, responses_of

Pair = Callable[..., Any]

EASY, HARD = "What is the capital of France?", "Prove the hard theorem of Fermat."


def talk(*texts: str) -> list[ChatMessage]:
    roles = (MessageRole.USER, MessageRole.ASSISTANT)
    return [ChatMessage(role=roles[at % 2], content=text) for at, text in enumerate(texts)]


def memory() -> Any:
    return ChatMemoryBuffer.from_defaults(token_limit=90_000)


def decided(response: Any) -> tuple[str, str]:
    record = response.additional_kwargs["routellm"]
    return record["route"], record["reason"]


def test_a_chat_engine_stays_on_strong_and_comes_down(pair: Pair) -> None:
    for turns, told in ((None, "s s s s s"), (1, "s s w w w"), (2, "s s s w w")):
        llm = pair(sticky="conversation", sticky_turns=turns)
        engine = SimpleChatEngine.from_defaults(llm=llm, memory=memory())
        before, answers = llm.routing_stats(), []
        for text in (HARD, *(f"What is the capital of country {number}?" for number in range(4))):
            engine.chat(text)
            stats = llm.routing_stats()
            answers.append("s" if stats.strong.calls > before.strong.calls else "w")
            before = stats
        assert " ".join(answers) == told


@pytest.mark.parametrize("mode", ["context", "condense_plus_context", "condense_question"])
def test_a_chat_engine_over_documents_stays_on_strong_too(pair: Pair, mode: str) -> None:
    documents = [Document(text="It circles its sun. " * 20)]
    index = VectorStoreIndex.from_documents(documents, embed_model=MockEmbedding(8))
    for sticky, sides in (("conversation", {"strong"}), (None, {"weak"})):
        llm = pair(sticky=sticky)
        engine = index.as_chat_engine(chat_mode=mode, llm=llm, memory=memory())
        engine.chat(HARD)
        before = llm.routing_stats()
        engine.chat(EASY)
        now = llm.routing_stats()
        asked = {
            side for side in ("strong", "weak") if getattr(now, side).calls > getattr(before, side).calls
        }
        # condense_plus_context rewrites the question by a text, which is scored alone.
        assert sides <= asked
        "".join(engine.stream_chat(EASY).response_gen)
        after = llm.routing_stats()
        assert getattr(after, min(sides)).calls > getattr(now, min(sides)).calls


def test_a_history_of_role_and_content_is_enough(pair: Pair) -> None:
    llm = pair(sticky="conversation")
    assert llm.route(talk(HARD, "Well.", EASY)).reason == "sticky"
    assert llm.route(talk(EASY, "Well.", EASY)).reason == "score"
    assert llm.route(talk(EASY, "It is hard.", EASY)).reason == "score"
    assert llm.route([*talk(HARD), *talk(EASY)]).reason == "score"
    react = [*talk(EASY, "Action: f\nAction Input: {}", "Observation: hard", "Well.", EASY)]
    assert llm.route(react).reason == "score"
    assert pair().route(talk(HARD, "Well.", EASY)).reason == "score"


@pytest.mark.parametrize("method", ENDPOINTS)
async def test_a_named_conversation_needs_no_history(pair: Pair, method: str) -> None:
    llm = pair(sticky="conversation")
    told = []
    for name, text in (("one", HARD), ("one", EASY), ("two", EASY), ("one", EASY)):
        with routing(thread_id=name):
            told.append(decided((await responses_of(llm, method, text))[-1]))
    assert told == [("strong", "score"), ("strong", "sticky"), ("weak", "score"), ("strong", "sticky")]
    assert llm.routing_stats().switches == 0
    with instrument_tags({"session_id": "one"}):
        assert decided((await responses_of(llm, method, EASY))[-1]) == ("strong", "sticky")
    assert decided((await responses_of(llm, method, EASY))[-1]) == ("weak", "score")


@pytest.mark.parametrize("method", WITH_TOOLS)
async def test_calls_with_tools_know_their_conversation(pair: Pair, method: str) -> None:
    llm = pair(sticky="conversation")
    history = talk(HARD, "Well.")
    assert decided(await last_response(llm, method, TOOLS, EASY, history)) == ("strong", "sticky")
    with routing(thread_id="one", route="strong"):
        await last_response(llm, method, TOOLS, EASY)
    with routing(thread_id="one"):
        assert decided(await last_response(llm, method, TOOLS, EASY)) == ("strong", "sticky")
        assert llm.route(PromptTemplate("Say {query_str}"), query_str=EASY).reason == "sticky"


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
async def test_an_agent_with_a_memory_stays_on_strong(pair: Pair) -> None:
    llm = pair(sticky="conversation")
    agent = FunctionAgent(llm=llm, tools=TOOLS, streaming=False)
    kept = memory()
    for text in (HARD, "What is the capital of Norway?"):
        await agent.run(text, memory=kept)
    assert (llm.routing_stats().weak.calls, llm.routing_stats().reasons["sticky"] > 0) == (0, True)


def test_switches_of_named_conversations_and_their_cost(pair: Pair) -> None:
    prices = {
        "strong": {"input": 2.5, "output": 10, "cached_input": 1.25},
        "weak": {"input": 0.15, "output": 0.6, "cached_input": 0.075},
    }
    llm = pair(prices=prices)
    engine = SimpleChatEngine.from_defaults(llm=llm, memory=memory())
    with routing(thread_id="one"):
        engine.chat(EASY + " Think of this: " + "some words " * 2_000)
        assert (llm.routing_stats().switches, llm.routing_stats().switch_cost) == (0, 0.0)
        engine.chat(HARD)
    stats = llm.routing_stats()
    assert stats.switches == 1
    assert stats.switch_cost == pytest.approx(stats.strong.tokens.input * 1.25e-6, rel=0.02)


def test_settings_are_checked_and_may_be_taken_back(pair: Pair) -> None:
    with pytest.raises(ValueError, match="sticky is True, expected one of"):
        pair(sticky=True)
    with pytest.raises(ValueError, match="nothing is sticky: give sticky='conversation'"):
        pair(sticky_turns=3)
    llm = pair(sticky="conversation", sticky_turns=3)
    assert llm.to_dict()["sticky_turns"] == 3
    llm.sticky = None
    assert (llm.sticky_turns, llm.route(talk(HARD, "Well.", EASY)).reason) == (None, "score")


def test_a_long_conversation_is_read_in_parts_of_bounded_length(monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[int] = []

    def scored(messages: Any) -> Any:
        read.append(len(messages))
        return messages[-2].content

    monkeypatch.setattr(earlier_turns, "question_of_messages", scored)
    history = talk(*(f"message {number}" for number in range(601)))
    texts = earlier_turns.conversation_of(history).texts()
    assert list(texts) == [f"message {number}" for number in range(500, 600, 2)]
    assert set(read) == {2 * (LEANS_OVER + 1)}
