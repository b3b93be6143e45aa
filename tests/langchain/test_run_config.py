"""One call makes one run, with the answering model's own name, the decision in its metadata and tags."""

from __future__ import annotations

from typing import Any

import pytest
from langchain_core.callbacks import UsageMetadataCallbackHandler
from langchain_core.messages import HumanMessage
from langchain_core.prompts import ChatPromptTemplate
from langchain_core.tools import tool
from pydantic import BaseModel

from routellm_core import routing

from examples.stand_in import StandInServer
from tests.langchain.conftest import Pair
from tests.langchain.recording import RecordingTracer

EASY, HARD = "What is the capital of France?", "Prove the hard theorem of Fermat."


class Colour(BaseModel):
    """A colour."""

    name: str


async def _every_way(llm: Any, prompt: str, config: dict[str, Any]) -> None:
    llm.invoke(prompt, config)
    await llm.ainvoke(prompt, config)
    list(llm.stream(prompt, config))
    [chunk async for chunk in llm.astream(prompt, config)]
    llm.batch([prompt], config)
    await llm.abatch([prompt], config)


async def test_one_call_is_one_run_named_as_the_model_that_answers(mixed_pair: Pair) -> None:
    llm = mixed_pair(tags=["team-a"], metadata={"project": "demo"})
    for prompt, route, score, provider, model, cls in [
        (EASY, "weak", 0.1, "anthropic", "claude-weak", "ChatAnthropic"),
        (HARD, "strong", 0.9, "openai", "gpt-strong", "ChatOpenAI"),
    ]:
        tracer = RecordingTracer()
        await _every_way(llm, prompt, {"callbacks": [tracer], "tags": ["call"], "metadata": {"user": "u1"}})
        assert [(run.run_type, run.parent_run_id, run.name) for run in tracer.runs] == [
            ("llm", None, cls)
        ] * 6
        for run in tracer.runs:
            metadata = run.extra["metadata"]
            assert (metadata["ls_provider"], metadata["ls_model_name"]) == (provider, model)
            assert metadata["routellm_route"] == route
            assert metadata["routellm_score"] == score
            assert metadata["routellm_threshold"] == 0.5
            assert metadata["routellm_reason"] == "score"
            assert metadata["routellm_router"] == "KeywordRouter"
            assert metadata["routellm_version"]
            assert (metadata["project"], metadata["user"]) == ("demo", "u1")
            assert set(run.tags or []) >= {f"routellm:{route}", "call", "team-a"}


async def test_trace_routing_adds_a_parent_run_and_no_second_model_run(pair: Pair) -> None:
    llm = pair(trace_routing=True)
    tracer = RecordingTracer()
    await _every_way(llm, HARD, {"callbacks": [tracer]})
    assert [run.run_type for run in tracer.runs] == ["llm", "chain"] * 6
    for inner, outer in zip(tracer.runs[::2], tracer.runs[1::2], strict=True):
        assert (inner.name, outer.name) == ("ChatOpenAI", "ChatRouteLLM")
        assert inner.parent_run_id == outer.id
        assert outer.outputs is not None
        assert outer.outputs["route"] == "strong"


@pytest.mark.filterwarnings("ignore::langchain_core._api.LangChainBetaWarning")
async def test_trace_routing_adds_a_parent_run_around_a_v3_stream(pair: Pair) -> None:
    llm = pair(trace_routing=True)
    tracer = RecordingTracer()
    assert llm.stream_events(HARD, {"callbacks": [tracer]}, version="v3").output.text
    assert (await (await llm.astream_events(HARD, {"callbacks": [tracer]}, version="v3"))).text
    assert [(run.run_type, bool(run.error)) for run in tracer.runs] == [("llm", False), ("chain", False)] * 2
    for inner, outer in zip(tracer.runs[::2], tracer.runs[1::2], strict=True):
        assert inner.parent_run_id == outer.id
        assert outer.outputs is not None
        assert outer.outputs["route"] == "strong"


async def test_trace_routing_shows_the_decision_of_a_structured_answer_too(pair: Pair) -> None:
    structured = pair(trace_routing=True).with_structured_output(Colour)
    tracer = RecordingTracer()
    structured.invoke(HARD, {"callbacks": [tracer]})
    await structured.ainvoke(HARD, {"callbacks": [tracer]})
    outer = [run for run in tracer.runs if run.name == "ChatRouteLLM"]
    assert [run.outputs and run.outputs["route"] for run in outer] == ["strong", "strong"]


async def test_trace_routing_reports_errors(pair: Pair, stand_in: StandInServer) -> None:
    llm = pair(trace_routing=True)
    tracer = RecordingTracer()
    stand_in.fail_next("gpt-strong", 500, times=2)
    with pytest.raises(Exception, match="500"):
        llm.invoke(HARD, {"callbacks": [tracer]})
    with pytest.raises(Exception, match="500"):
        await llm.ainvoke(HARD, {"callbacks": [tracer]})
    assert [(run.run_type, bool(run.error)) for run in tracer.runs] == [("llm", True), ("chain", True)] * 2


async def test_usage_is_counted_once(pair: Pair) -> None:
    llm = pair()
    usage = UsageMetadataCallbackHandler()
    await _every_way(llm, HARD, {"callbacks": [usage]})
    alone = llm.strong.invoke(HARD).usage_metadata
    assert list(usage.usage_metadata) == ["gpt-strong"]
    assert usage.usage_metadata["gpt-strong"]["total_tokens"] == 6 * alone["total_tokens"]


def test_an_error_is_reported_once_and_unchanged(pair: Pair, stand_in: StandInServer) -> None:
    import openai

    tracer = RecordingTracer()
    stand_in.fail_next("gpt-weak", 429)
    with pytest.raises(openai.RateLimitError):
        pair().invoke(EASY, {"callbacks": [tracer]})
    assert [run.name for run in tracer.runs if run.error] == ["ChatOpenAI"]


def test_run_id_and_run_name_are_the_callers(pair: Pair) -> None:
    from uuid import uuid4

    tracer, run_id = RecordingTracer(), uuid4()
    pair().invoke(HARD, {"callbacks": [tracer], "run_id": run_id, "run_name": "mine"})
    assert [(run.id, run.name) for run in tracer.runs] == [(run_id, "mine")]


async def test_each_item_of_a_batch_has_its_own_question(pair: Pair) -> None:
    llm = pair()
    chain = ChatPromptTemplate.from_template("Something hard, and {question}") | llm
    inputs = [{"question": "an easy one"}, {"question": "another hard one"}]
    configs: list[Any] = [{"configurable": {"routellm_question": item["question"]}} for item in inputs]
    for answers in (chain.batch(inputs, configs), await chain.abatch(inputs, configs)):
        routes = [answer.response_metadata["routellm"]["route"] for answer in answers]
        assert routes == ["weak", "strong"]
    assert llm.router.batches == [["an easy one", "another hard one"]]
    assert chain.invoke(inputs[0], configs[0]).response_metadata["routellm"]["score"] == 0.1
    with routing(question="a hard one"):
        assert llm.route("easy", configs[0]).route == "weak"
    with pytest.raises(ValueError, match="routellm_question is int"):
        llm.invoke("easy", {"configurable": {"routellm_question": 3}})
    with pytest.raises(ValueError, match=r"'routellm_query', expected .* or 'routellm_question'"):
        llm.invoke("easy", {"configurable": {"routellm_query": "q"}})


def test_what_works_where_hosts_drop_a_configuration(pair: Pair, stand_in: StandInServer) -> None:
    agents = pytest.importorskip("langchain.agents", reason="langchain is not installed")
    llm = pair()
    strong: dict[str, Any] = {"configurable": {"routellm_route": "strong"}}

    @tool
    def weather(city: str) -> str:
        """Tell the weather of a city."""
        return city

    def asked(call: Any) -> list[str]:
        stand_in.reset()
        call()
        return list(stand_in.calls())

    said: Any = {"messages": [HumanMessage(EASY)]}
    configured = llm.with_config(strong)
    assert asked(lambda: configured.invoke(EASY)) == ["gpt-strong"]
    # what docs/settings.md warns of
    assert asked(lambda: configured.bind_tools([weather]).invoke(EASY)) == ["gpt-weak"]  # type: ignore[attr-defined]
    assert asked(lambda: configured.with_structured_output(Colour).invoke(EASY)) == ["gpt-weak"]  # type: ignore[attr-defined]
    assert asked(lambda: agents.create_agent(configured, [weather]).invoke(said)) == ["gpt-weak"]
    # and what it says that works
    assert asked(lambda: agents.create_agent(llm, [weather]).invoke(said, strong)) == ["gpt-strong"]
    with routing(route="strong"):
        assert asked(lambda: agents.create_agent(llm, [weather]).invoke(said)) == ["gpt-strong"]
    always = llm.model_copy(update={"threshold": 0.0})
    assert asked(lambda: agents.create_agent(always, [weather]).invoke(said)) == ["gpt-strong"]
    assert asked(lambda: llm.bind_tools([weather]).with_config(strong).invoke(EASY)) == ["gpt-strong"]


class Unreadable:
    def __str__(self) -> str:
        raise RuntimeError("no text")


def test_a_thread_without_a_readable_name_fails_no_call(pair: Pair) -> None:
    answer = pair().invoke(EASY, {"configurable": {"thread_id": Unreadable()}})

    assert answer.response_metadata["routellm"]["reason"] == "score"
