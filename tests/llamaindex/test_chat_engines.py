"""Chat engines: the person's message is scored, in the rewriting step and in the answering step."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

pytest.importorskip("llama_index.core", reason="llama-index-core is not installed")
pytest.importorskip("llama_index.llms.openai", reason="llama-index-llms-openai is not installed")

from llama_index.core import Document, MockEmbedding, VectorStoreIndex
from llama_index.core.chat_engine import SimpleChatEngine
from llama_index.core.memory import (
    ChatMemoryBuffer,
    ChatSummaryMemoryBuffer,
    FactExtractionMemoryBlock,
    Memory,
)
from llama_index.core.memory.memory import InsertMethod

from routellm_core import routing

from examples.stand_in import StandInServer
from tests.llamaindex.scored import scored_texts
from tests.routers import KeywordRouter

DOCUMENTS = [Document(text="It is hard to see planet 2. It circles its sun. " * 20)]
FIRST = "What does planet 2 circle?"
SECOND = "Which star is the largest of all?"

MODES = ["context", "condense_plus_context", "condense_question", "simple"]


def chat_engine(llm: Any, mode: str) -> Any:
    # The default memory holds a database connection that it never closes.
    memory = ChatMemoryBuffer.from_defaults(token_limit=8_000)
    if mode == "simple":
        return SimpleChatEngine.from_defaults(llm=llm, memory=memory)
    index = VectorStoreIndex.from_documents(DOCUMENTS, embed_model=MockEmbedding(8))
    return index.as_chat_engine(chat_mode=mode, llm=llm, memory=memory)


async def say(engine: Any, text: str, how: str) -> str:
    if how == "sync":
        return str(engine.chat(text))
    if how == "async":
        return str(await engine.achat(text))
    if how == "stream":
        return "".join(engine.stream_chat(text).response_gen)
    response = await engine.astream_chat(text)
    return "".join([token async for token in response.async_response_gen()])


@pytest.mark.parametrize("how", ["sync", "async", "stream", "astream"])
@pytest.mark.parametrize("mode", MODES)
async def test_what_the_person_said_is_scored(
    pair: Callable[..., Any], router: KeywordRouter, stand_in: StandInServer, mode: str, how: str
) -> None:
    engine = chat_engine(pair(router=router), mode)
    assert await say(engine, FIRST, how)
    assert await say(engine, SECOND, how)
    assert scored_texts(router) == [FIRST, SECOND]
    assert set(stand_in.calls()) == {"gpt-4o-mini"}
    assert stand_in.refused == []
    await say(engine, "Now something hard, please.", how)
    assert "gpt-4o" in stand_in.calls()


async def test_a_short_follow_up_scores_what_it_follows(
    pair: Callable[..., Any], router: KeywordRouter, stand_in: StandInServer
) -> None:
    for mode in ("context", "simple", "condense_plus_context"):
        engine = chat_engine(pair(router=router), mode)
        engine.chat("A hard question about planets")
        engine.chat("yes")
        assert scored_texts(router) == ["A hard question about planets"]
    assert set(stand_in.calls()) == {"gpt-4o"}


@pytest.mark.parametrize("how", ["sync", "async", "stream", "astream"])
@pytest.mark.parametrize("mode", MODES)
async def test_routing_reaches_the_model(
    pair: Callable[..., Any], router: KeywordRouter, stand_in: StandInServer, mode: str, how: str
) -> None:
    engine = chat_engine(pair(router=router), mode)
    with routing(question="something hard"):
        await say(engine, FIRST, how)
        await say(engine, SECOND, how)
    assert scored_texts(router) == ["something hard"]
    assert set(stand_in.calls()) == {"gpt-4o"}


async def test_memories_are_no_questions(
    pair: Callable[..., Any], router: KeywordRouter, stand_in: StandInServer
) -> None:
    llm = pair(router=router)
    facts = FactExtractionMemoryBlock(llm=llm)
    memory = Memory.from_defaults(
        memory_blocks=[facts], token_limit=60, token_flush_size=10, insert_method=InsertMethod.USER
    )
    engine = SimpleChatEngine.from_defaults(llm=llm, memory=memory)
    for number in range(4):
        await engine.achat(f"Question number {number}: what is easy about that?")
    facts.facts = ["this person finds much hard"]
    await engine.achat("Which of the planets is the largest?")
    await memory.sql_store._async_engine.dispose()  # the memory itself never closes its database
    scored = scored_texts(router)
    assert scored[-1] == "Which of the planets is the largest?"
    assert not any("fact" in text for text in scored)
    assert llm.routing_stats().reasons["housekeeping"] >= 1


def test_a_summary_of_the_conversation_is_no_question(
    pair: Callable[..., Any], router: KeywordRouter
) -> None:
    llm = pair(router=router)
    memory = ChatSummaryMemoryBuffer.from_defaults(llm=llm, token_limit=20)
    engine = SimpleChatEngine.from_defaults(llm=llm, memory=memory)
    for number in range(3):
        engine.chat(f"Question number {number}: what is easy about that?")
    assert all(text.startswith("Question number") for text in scored_texts(router))
    assert llm.routing_stats().reasons["housekeeping"] >= 1
