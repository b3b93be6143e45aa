"""Query engines: the question is scored, once, and one model answers all of a query's parts."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import Any

import pytest

pytest.importorskip("llama_index.core", reason="llama-index-core is not installed")
pytest.importorskip("llama_index.llms.openai", reason="llama-index-llms-openai is not installed")

from llama_index.core import Document, MockEmbedding, SummaryIndex, VectorStoreIndex
from llama_index.core.evaluation import (
    CorrectnessEvaluator,
    FaithfulnessEvaluator,
    GuidelineEvaluator,
    RelevancyEvaluator,
)
from llama_index.core.extractors import (
    KeywordExtractor,
    QuestionsAnsweredExtractor,
    SummaryExtractor,
    TitleExtractor,
)
from llama_index.core.indices.property_graph import SimpleLLMPathExtractor
from llama_index.core.ingestion import IngestionPipeline
from llama_index.core.postprocessor import LLMRerank
from llama_index.core.postprocessor.rankGPT_rerank import RankGPTRerank
from llama_index.core.query_engine import RouterQueryEngine, SubQuestionQueryEngine
from llama_index.core.question_gen import LLMQuestionGenerator
from llama_index.core.retrievers import QueryFusionRetriever
from llama_index.core.schema import NodeWithScore, TextNode
from llama_index.core.selectors import LLMSingleSelector
from llama_index.core.tools import QueryEngineTool
from pydantic import BaseModel

from routellm_core import routing

from examples.stand_in import StandInServer
from tests.llamaindex.scored import scored_texts
from tests.routers import KeywordRouter

# "hard" is all over the documents: a stuffed template would always go to strong.
DOCUMENTS = [
    Document(text=f"It is hard to see planet {number}. It circles its sun. " * 30) for number in range(4)
]

QUESTION = "What does planet 2 circle?"
HARD_QUESTION = "A hard one: planet 3?"

MODES = ["compact", "refine", "tree_summarize", "accumulate", "simple_summarize", "compact_accumulate"]


class Fact(BaseModel):
    """A fact about a planet."""

    planet: str
    number: int


def engine(llm: Any, **settings: Any) -> Any:
    index = SummaryIndex.from_documents(DOCUMENTS)
    return index.as_query_engine(llm=llm, **settings)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("use_async", [False, True])
async def test_the_question_is_scored_once_and_one_model_answers(
    pair: Callable[..., Any], router: KeywordRouter, stand_in: StandInServer, mode: str, use_async: bool
) -> None:
    for question, model in (
        (QUESTION, "gpt-4o-mini"),
        (HARD_QUESTION, "gpt-4o"),
    ):
        stand_in.reset()
        query_engine = engine(pair(router=router), response_mode=mode)
        answer = await query_engine.aquery(question) if use_async else query_engine.query(question)
        assert str(answer)
        assert scored_texts(router) == [question]
        assert set(stand_in.calls()) == {model}
        assert stand_in.refused == []


@pytest.mark.parametrize("mode", ["refine", "accumulate"])
def test_a_fan_out_is_scored_once(
    pair: Callable[..., Any], router: KeywordRouter, stand_in: StandInServer, mode: str
) -> None:
    engine(pair(router=router), response_mode=mode).query(QUESTION)
    assert stand_in.calls()["gpt-4o-mini"] == len(DOCUMENTS)
    assert scored_texts(router) == [QUESTION]


@pytest.mark.parametrize("mode", ["compact", "refine", "tree_summarize", "simple_summarize"])
def test_streaming(
    pair: Callable[..., Any], router: KeywordRouter, stand_in: StandInServer, mode: str
) -> None:
    answer = engine(pair(router=router), response_mode=mode, streaming=True).query(QUESTION)
    assert "".join(answer.response_gen)
    assert scored_texts(router) == [QUESTION]
    assert set(stand_in.calls()) == {"gpt-4o-mini"}


@pytest.mark.parametrize("mode", ["compact", "refine", "tree_summarize"])
def test_output_class(
    pair: Callable[..., Any], router: KeywordRouter, stand_in: StandInServer, mode: str
) -> None:
    answer = engine(pair(router=router), response_mode=mode, output_cls=Fact).query(QUESTION)
    assert isinstance(answer.response, Fact)
    assert scored_texts(router) == [QUESTION]
    assert set(stand_in.calls()) == {"gpt-4o-mini"}


@pytest.mark.parametrize("mode", ["compact", "tree_summarize"])
def test_structured_llm(
    pair: Callable[..., Any], router: KeywordRouter, stand_in: StandInServer, mode: str
) -> None:
    structured = pair(router=router).as_structured_llm(Fact)
    answer = engine(structured, response_mode=mode).query(QUESTION)
    assert isinstance(answer.response, Fact)
    assert scored_texts(router) == [QUESTION]
    assert set(stand_in.calls()) == {"gpt-4o-mini"}


@pytest.mark.parametrize("streaming", [False, True])
def test_routing_reaches_the_model(
    pair: Callable[..., Any], router: KeywordRouter, stand_in: StandInServer, streaming: bool
) -> None:
    query_engine = engine(pair(router=router), response_mode="tree_summarize", streaming=streaming)
    with routing(question="something hard"):
        str(query_engine.query(QUESTION))
    assert scored_texts(router) == ["something hard"]
    assert set(stand_in.calls()) == {"gpt-4o"}
    stand_in.reset()
    with routing(threshold=0.05):
        str(query_engine.query(QUESTION))
    assert set(stand_in.calls()) == {"gpt-4o"}
    stand_in.reset()
    with routing(route="strong"):
        str(query_engine.query(QUESTION))
    assert set(stand_in.calls()) == {"gpt-4o"}


def test_sub_question_engine(
    pair: Callable[..., Any], router: KeywordRouter, stand_in: StandInServer
) -> None:
    llm = pair(router=router)
    tool = QueryEngineTool.from_defaults(engine(llm), name="planets", description="Facts about planets.")
    sub_questions = SubQuestionQueryEngine.from_defaults(
        [tool],
        llm=llm,
        question_gen=LLMQuestionGenerator.from_defaults(llm=llm),
        response_synthesizer=engine(llm)._response_synthesizer,
        use_async=False,
        verbose=False,
    )
    assert str(sub_questions.query(QUESTION))
    assert set(scored_texts(router)) == {QUESTION}
    assert set(stand_in.calls()) == {"gpt-4o-mini"}


@pytest.mark.parametrize("select_multi", [False, True])
@pytest.mark.parametrize("use_async", [False, True])
async def test_router_engine_with_the_selector_that_it_chooses(
    pair: Callable[..., Any],
    router: KeywordRouter,
    stand_in: StandInServer,
    select_multi: bool,
    use_async: bool,
) -> None:
    llm = pair(router=router)
    tools = [
        QueryEngineTool.from_defaults(engine(llm), description=f"It is hard to know about {subject}.")
        for subject in ("planets", "sums")
    ]
    chosen = RouterQueryEngine.from_defaults(tools, llm=llm, select_multi=select_multi)
    # The stand-in chooses at random; what it is asked is what counts here.
    with contextlib.suppress(IndexError, ValueError):
        str(await chosen.aquery(QUESTION) if use_async else chosen.query(QUESTION))
    assert scored_texts(router) == [QUESTION]
    assert set(stand_in.calls()) == {"gpt-4o-mini"}


def test_router_engine(pair: Callable[..., Any], router: KeywordRouter, stand_in: StandInServer) -> None:
    llm = pair(router=router)
    tools = [
        QueryEngineTool.from_defaults(engine(llm), description=f"It is hard to know about {subject}.")
        for subject in ("planets", "sums")
    ]
    chosen = RouterQueryEngine(LLMSingleSelector.from_defaults(llm=llm), tools, llm=llm)
    assert str(chosen.query(QUESTION))
    assert scored_texts(router) == [QUESTION]
    assert set(stand_in.calls()) == {"gpt-4o-mini"}


async def test_evaluators_score_the_question(
    pair: Callable[..., Any], router: KeywordRouter, stand_in: StandInServer
) -> None:
    llm = pair(router=router)
    asked = {
        "query": QUESTION,
        "response": "A sun, which is hard to see.",
        "contexts": ["It is hard to see. It circles its sun."],
    }
    for evaluator in (
        RelevancyEvaluator(llm=llm),
        CorrectnessEvaluator(llm=llm, parser_function=lambda text: (1.0, text)),
        GuidelineEvaluator(llm=llm, output_parser=_Lenient()),
    ):
        await evaluator.aevaluate(**asked)
        assert scored_texts(llm.router) in ([QUESTION], []), type(evaluator)
    # It never gets the question, only the answer that it judges.
    await FaithfulnessEvaluator(llm=llm).aevaluate(**asked)
    assert scored_texts(router) == []
    assert llm.routing_stats().reasons["housekeeping"] == 1
    assert set(stand_in.calls()) == {"gpt-4o-mini"}


class _Lenient:
    """Takes whatever the stand-in says for an evaluation."""

    def format(self, text: str) -> str:
        return text

    def parse(self, text: str) -> Any:
        from llama_index.core.evaluation.guideline import EvaluationData

        return EvaluationData(passing=True, feedback=text)


@pytest.mark.parametrize(
    ("settings", "model"), [({}, "gpt-4o-mini"), ({"housekeeping_route": "strong"}, "gpt-4o")]
)
async def test_building_an_index_is_housekeeping(
    pair: Callable[..., Any],
    router: KeywordRouter,
    stand_in: StandInServer,
    settings: dict[str, Any],
    model: str,
) -> None:
    llm = pair(router=router, **settings)
    extractors = [
        SummaryExtractor(llm=llm, show_progress=False),
        KeywordExtractor(llm=llm, show_progress=False),
        TitleExtractor(llm=llm, show_progress=False),
        QuestionsAnsweredExtractor(llm=llm, show_progress=False),
    ]
    await IngestionPipeline(transformations=extractors).arun(nodes=[TextNode(text=DOCUMENTS[0].text)])
    triplets = SimpleLLMPathExtractor(llm=llm, num_workers=1)
    await triplets.acall([TextNode(text=DOCUMENTS[0].text)], show_progress=False)
    assert scored_texts(router) == []
    assert set(stand_in.calls()) == {model}
    assert set(llm.routing_stats().reasons) == {"housekeeping"}


async def test_an_index_is_scored_by_its_documents_where_that_is_asked_for(
    pair: Callable[..., Any], router: KeywordRouter, stand_in: StandInServer
) -> None:
    llm = pair(router=router, housekeeping_route=None)
    await SummaryExtractor(llm=llm, show_progress=False).aextract([TextNode(text=DOCUMENTS[0].text)])
    assert "hard to see planet 0" in scored_texts(router)[0]
    with routing(question="An easy index"):
        await SummaryExtractor(llm=pair(router=router)).aextract([TextNode(text=DOCUMENTS[0].text)])
    assert scored_texts(router) == ["An easy index"]
    assert stand_in.calls() == {"gpt-4o": 1, "gpt-4o-mini": 1}


def test_reranking_scores_the_query(
    pair: Callable[..., Any], router: KeywordRouter, stand_in: StandInServer
) -> None:
    llm = pair(router=router)
    nodes = [NodeWithScore(node=TextNode(text=f"A hard text {number}."), score=0.5) for number in range(3)]
    reranker = LLMRerank(llm=llm, top_n=2, parse_choice_select_answer_fn=lambda text, count: ([1], [1.0]))
    reranker.postprocess_nodes(nodes, query_str=QUESTION)
    RankGPTRerank(llm=llm, top_n=2).postprocess_nodes(nodes, query_str=QUESTION)
    assert scored_texts(router) == [QUESTION]
    assert stand_in.calls() == {"gpt-4o-mini": 2}


def test_query_fusion_scores_the_query(
    pair: Callable[..., Any], router: KeywordRouter, stand_in: StandInServer
) -> None:
    index = VectorStoreIndex.from_documents(DOCUMENTS, embed_model=MockEmbedding(8))
    fusion = QueryFusionRetriever([index.as_retriever()], llm=pair(router=router), use_async=False)
    fusion.retrieve(QUESTION)
    assert scored_texts(router) == [QUESTION]
    assert stand_in.calls() == {"gpt-4o-mini": 1}
