"""Every way into a chat model reaches the chosen side, once, and the answer carries the decision."""

from __future__ import annotations

import json
from operator import itemgetter
from typing import Any

import pytest
from langchain_core.messages import AIMessage, AIMessageChunk, HumanMessage
from langchain_core.output_parsers import StrOutputParser
from langchain_core.outputs import ChatGeneration
from langchain_core.prompts import ChatPromptTemplate
from langchain_core.runnables import RunnableConfig, RunnableLambda

from langchain_routellm import ChatRouteLLM
from routellm_core import Decision, routing

from examples.stand_in import StandInServer
from tests.langchain.answers import EASY, HARD, SIDES, check
from tests.langchain.conftest import Pair
from tests.langchain.recording import RecordingTracer


@pytest.mark.parametrize(("prompt", "route", "model"), SIDES)
def test_whole_answers(pair: Pair, stand_in: StandInServer, prompt: str, route: str, model: str) -> None:
    llm = pair()
    check(llm.invoke(prompt), route, model)
    check(llm.invoke([HumanMessage(prompt)]), route, model)
    (generation,) = llm.generate([[HumanMessage(prompt)]]).generations[0]
    assert isinstance(generation, ChatGeneration)
    check(generation.message, route, model)  # type: ignore[arg-type]
    chain = ChatPromptTemplate.from_template("{question}") | llm | StrOutputParser()
    assert chain.invoke({"question": prompt}).startswith(f"[{model}]")
    assert stand_in.calls() == {model: 4}


@pytest.mark.parametrize(("prompt", "route", "model"), SIDES)
async def test_whole_answers_async(
    pair: Pair, stand_in: StandInServer, prompt: str, route: str, model: str
) -> None:
    llm = pair()
    check(await llm.ainvoke(prompt), route, model)
    result = await llm.agenerate([[HumanMessage(prompt)]])
    check(result.generations[0][0].message, route, model)  # type: ignore[attr-defined]
    assert result.llm_output is not None
    assert result.llm_output["model_name"] == model
    assert stand_in.calls() == {model: 2}


@pytest.mark.parametrize(("prompt", "route", "model"), SIDES)
async def test_streamed_answers_hold_the_record_once(pair: Pair, prompt: str, route: str, model: str) -> None:
    llm = pair()
    for chunks in (list(llm.stream(prompt)), [chunk async for chunk in llm.astream(prompt)]):
        assert len(chunks) > 3
        assert ["routellm" in chunk.response_metadata for chunk in chunks] == [True] + [False] * (
            len(chunks) - 1
        )
        total = chunks[0]
        for chunk in chunks[1:]:
            total += chunk
        assert isinstance(total, AIMessageChunk)
        check(total, route, model)


async def test_batches_are_scored_in_one_call_and_routed_one_by_one(pair: Pair) -> None:
    prompts = [EASY, HARD, "What is the capital of Spain?", HARD]
    models = ["gpt-weak", "gpt-strong", "gpt-weak", "gpt-strong"]
    for run in ("batch", "abatch", "batch_as_completed", "abatch_as_completed"):
        llm = pair()
        if run == "batch":
            answers = llm.batch(prompts)
        elif run == "abatch":
            answers = await llm.abatch(prompts)
        elif run == "batch_as_completed":
            answers = [answer for _, answer in sorted(llm.batch_as_completed(prompts), key=itemgetter(0))]
        else:
            items = [item async for item in llm.abatch_as_completed(prompts)]
            answers = [answer for _, answer in sorted(items, key=itemgetter(0))]
        assert [answer.response_metadata["model_name"] for answer in answers] == models
        assert llm.router.batches == [[EASY, HARD, "What is the capital of Spain?"]], run


def test_a_batch_keeps_errors_apart_and_takes_a_configuration_each(
    pair: Pair, stand_in: StandInServer
) -> None:
    llm = pair()
    stand_in.fail_next("gpt-strong", 500)
    answers = llm.batch(
        [HARD, EASY, EASY],
        config=[{}, {}, {"configurable": {"routellm_route": "strong"}}],
        return_exceptions=True,
    )
    assert sorted(type(answer).__name__ for answer in answers).count("AIMessage") == 2
    assert llm.batch([]) == []


@pytest.mark.filterwarnings("ignore:Unexpected type for token usage")  # ChatOpenAI's own, on two prompts
async def test_generate_routes_each_prompt(pair: Pair) -> None:
    llm = pair()
    prompts = [[HumanMessage(EASY)], [HumanMessage(HARD)]]
    for result in (llm.generate(prompts), await llm.agenerate(prompts)):
        names = [
            generations[0].message.response_metadata["model_name"]  # type: ignore[attr-defined]
            for generations in result.generations
        ]
        assert names == ["gpt-weak", "gpt-strong"]
        assert result.llm_output is not None
        assert result.llm_output["token_usage"]["total_tokens"] == sum(
            generations[0].message.usage_metadata["total_tokens"]  # type: ignore[attr-defined]
            for generations in result.generations
        )
        assert result.run is not None
        assert len(result.run) == 2


async def test_private_members_for_those_who_call_them(pair: Pair) -> None:
    llm = pair()
    messages = [HumanMessage(HARD)]
    assert llm._generate(messages).generations[0].text.startswith("[gpt-strong]")
    assert (await llm._agenerate(messages)).generations[0].text.startswith("[gpt-strong]")
    assert "".join(chunk.text for chunk in llm._stream(messages)).startswith("[gpt-strong]")
    assert "".join([chunk.text async for chunk in llm._astream(messages)]).startswith("[gpt-strong]")


def test_per_call_settings_beat_routing_which_beats_the_constructor(pair: Pair) -> None:
    llm = pair()

    def routed(config: dict[str, Any] | None = None) -> tuple[str, float, str]:
        answer = llm.invoke(EASY, config={"configurable": config} if config else None)
        found = answer.response_metadata["routellm"]
        return found["route"], found["threshold"], found["reason"]

    assert routed() == ("weak", 0.5, "score")
    assert routed({"routellm_threshold": 0.05}) == ("strong", 0.05, "score")
    assert routed({"routellm_route": "strong"}) == ("strong", 0.5, "forced")
    with routing(threshold=0.1, question="a hard one"):
        assert routed() == ("strong", 0.1, "score")
        assert routed({"routellm_threshold": 0.95}) == ("weak", 0.95, "score")
    with routing(route="strong"):
        assert routed({"routellm_route": "weak"}) == ("weak", 0.5, "forced")


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ({"routellm_route": "medium"}, "routellm_route is 'medium'"),
        ({"routellm_threshold": 1.5}, "routellm_threshold is 1.5"),
        ({"routellm_threshold": float("nan")}, "routellm_threshold is nan"),
        ({"routellm_treshold": 0.5}, "'routellm_treshold'"),
    ],
)
def test_wrong_per_call_settings_are_refused_by_name(
    pair: Pair, setting: dict[str, Any], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        pair().invoke(EASY, config={"configurable": setting})


def test_route_tells_without_calling_or_counting(pair: Pair, stand_in: StandInServer) -> None:
    llm = pair()
    assert llm.route(HARD) == Decision("strong", 0.9, 0.5, "score", "KeywordRouter")
    assert stand_in.requests == []
    assert llm.routing_stats().requests == 0


def test_arguments_reach_the_model(pair: Pair, stand_in: StandInServer) -> None:
    pair().invoke(EASY, stop=["Paris"], temperature=0.25)
    pair(stop=["Rome"]).invoke(EASY)
    pair(stop=["Rome"]).invoke(EASY, stop=["Oslo"])
    bodies = stand_in.bodies("gpt-weak")
    assert [body["stop"] for body in bodies] == [["Paris"], ["Rome"], ["Oslo"]]
    assert bodies[0]["temperature"] == 0.25


def test_the_record_never_reaches_a_provider(pair: Pair, stand_in: StandInServer) -> None:
    llm = pair()
    answer = llm.invoke(EASY)
    llm.invoke([HumanMessage(EASY), answer, HumanMessage("And a hard question after that one")])
    assert isinstance(llm, ChatRouteLLM)
    assert "routellm" not in json.dumps([request.body for request in stand_in.requests])
    assert stand_in.refused == []


async def test_inside_another_runnable_its_configuration_counts(pair: Pair) -> None:
    llm = pair()
    tracer = RecordingTracer()
    config: RunnableConfig = {
        "configurable": {"routellm_route": "strong"},
        "tags": ["outer"],
        "metadata": {"user": "u1"},
        "callbacks": [tracer],
    }

    def call(prompt: str) -> AIMessage:
        return llm.invoke(prompt)

    async def acall(prompt: str) -> AIMessage:
        return await llm.ainvoke(prompt)

    answers = [
        RunnableLambda(call).invoke(EASY, config),
        await RunnableLambda(acall).ainvoke(EASY, config),
    ]

    assert [answer.response_metadata["routellm"]["reason"] for answer in answers] == ["forced", "forced"]
    runs = [run for run in tracer.runs if run.run_type == "llm"]
    assert len(runs) == 2
    for run in runs:
        assert {"outer", "routellm:strong"} <= set(run.tags or [])
        assert run.metadata["user"] == "u1"
        assert run.parent_run_id is not None
