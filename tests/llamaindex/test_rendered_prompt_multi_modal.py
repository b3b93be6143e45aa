"""Multi-modal engines render their templates beside the images: the question in them is scored."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

pytest.importorskip("llama_index.core", reason="llama-index-core is not installed")
pytest.importorskip("llama_index.llms.openai", reason="llama-index-llms-openai is not installed")

from llama_index.core import Document, MockEmbedding, PromptTemplate, VectorStoreIndex
from llama_index.core.chat_engine.multi_modal_condense_plus_context import (
    MultiModalCondensePlusContextChatEngine,
)
from llama_index.core.chat_engine.multi_modal_context import MultiModalContextChatEngine
from llama_index.core.evaluation.multi_modal import (
    MultiModalFaithfulnessEvaluator,
    MultiModalRelevancyEvaluator,
)
from llama_index.core.memory import ChatMemoryBuffer
from llama_index.core.query_engine import RetrieverQueryEngine
from llama_index.core.query_engine.multi_modal import SimpleMultiModalQueryEngine

from examples.stand_in import StandInServer
from tests.llamaindex.scored import scored_texts
from tests.routers import KeywordRouter

# Upstream's multi-modal engines are deprecated, and used.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")

QUESTION = "What does planet 2 circle?"
NEXT_QUESTION = "How long does it take to circle once?"
OWN_TEMPLATE = "Context:\n{context_str}\n\nAnswer from it alone.\nQuestion: {query_str}\nAnswer:"


def retriever() -> Any:
    documents = [Document(text=f"It is hard to see planet {number}. " * 5) for number in range(2)]
    return VectorStoreIndex.from_documents(documents, embed_model=MockEmbedding(8)).as_retriever()


@pytest.mark.parametrize("template", [None, OWN_TEMPLATE])
async def test_query_engine(
    pair: Callable[..., Any], router: KeywordRouter, stand_in: StandInServer, template: str | None
) -> None:
    own = {} if template is None else {"text_qa_template": PromptTemplate(template)}
    llm = pair(router=router)
    engine = SimpleMultiModalQueryEngine(retriever=retriever(), multi_modal_llm=llm, **own)
    assert str(engine.query(QUESTION))
    assert str(await engine.aquery(QUESTION))
    assert scored_texts(router) == [QUESTION]
    assert stand_in.calls() == {"gpt-4o-mini": 2}
    assert "hard to see planet" in str(stand_in.bodies("gpt-4o-mini")[0])


async def test_query_engine_with_multimodal_synthesis(
    pair: Callable[..., Any], router: KeywordRouter, stand_in: StandInServer
) -> None:
    engine = RetrieverQueryEngine.from_args(retriever(), llm=pair(router=router), multimodal=True)
    assert str(engine.query(QUESTION))
    assert str(await engine.aquery(QUESTION))
    assert scored_texts(router) == [QUESTION]
    assert set(stand_in.calls()) == {"gpt-4o-mini"}


@pytest.mark.parametrize("kind", [MultiModalContextChatEngine, MultiModalCondensePlusContextChatEngine])
async def test_chat_engines(
    pair: Callable[..., Any], router: KeywordRouter, stand_in: StandInServer, kind: Any
) -> None:
    # The default memory holds a database connection that it never closes.
    memory = ChatMemoryBuffer.from_defaults(token_limit=8_000)
    engine = kind.from_defaults(retriever=retriever(), multi_modal_llm=pair(router=router), memory=memory)
    assert str(engine.chat(QUESTION))
    assert scored_texts(router) == [QUESTION]
    streamed = await engine.astream_chat(NEXT_QUESTION)
    assert [token async for token in streamed.async_response_gen()]
    assert scored_texts(router) == [NEXT_QUESTION]
    assert set(stand_in.calls()) == {"gpt-4o-mini"}


async def test_evaluators(pair: Callable[..., Any], router: KeywordRouter, stand_in: StandInServer) -> None:
    llm = pair(router=router)
    judged = {"response": "A sun, which is hard to see.", "contexts": ["It is hard to see."]}
    await MultiModalRelevancyEvaluator(multi_modal_llm=llm).aevaluate(query=QUESTION, **judged)
    assert scored_texts(router) == [QUESTION]
    MultiModalFaithfulnessEvaluator(multi_modal_llm=llm).evaluate(**judged)
    assert scored_texts(router) == []
    assert llm.routing_stats().reasons == {"score": 1, "housekeeping": 1}
    assert stand_in.calls() == {"gpt-4o-mini": 2}
