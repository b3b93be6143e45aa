"""A side of several deployments: its fallbacks and retries stay in its tier, and count as one side."""

from __future__ import annotations

import asyncio
import copy
import json
from collections.abc import Callable
from typing import Any

import pytest
from langchain_core.load import dumps
from langchain_core.messages import AIMessage
from langchain_core.runnables import ConfigurableField, RunnableLambda
from langchain_core.tools import tool
from langchain_openai import ChatOpenAI
from pydantic import BaseModel, ValidationError

from examples.stand_in import StandInServer
from tests.langchain.answers import EASY, record
from tests.langchain.conftest import Pair, chat_anthropic, chat_openai

pytestmark = pytest.mark.filterwarnings("ignore::langchain_core._api.LangChainBetaWarning")

PRICES = {"strong": {"input": 10.0, "output": 10.0}, "weak": {"input": 1.0, "output": 1.0}}


class City(BaseModel):
    """A city."""

    name: str


@tool
def weather(city: str) -> str:
    """Tell the weather of a city."""
    return f"sunny in {city}"


def with_fallback(server: StandInServer, **settings: Any) -> Any:
    return chat_openai(server, "gpt-weak", **settings).with_fallbacks([chat_openai(server, "gpt-4o-mini")])


def with_retry(server: StandInServer) -> Any:
    return chat_openai(server, "gpt-weak").with_retry(
        stop_after_attempt=2, wait_exponential_jitter=False, exponential_jitter_params=None
    )


def _invoke(llm: Any) -> AIMessage:
    answer: AIMessage = llm.invoke(EASY)
    return answer


def _ainvoke(llm: Any) -> AIMessage:
    answer: AIMessage = asyncio.run(llm.ainvoke(EASY))
    return answer


def _stream(llm: Any) -> AIMessage:
    first, *others = llm.stream(EASY)
    answer: AIMessage = sum(others, first)
    return answer


def _astream(llm: Any) -> AIMessage:
    async def whole() -> AIMessage:
        chunks = [chunk async for chunk in llm.astream(EASY)]
        answer: AIMessage = sum(chunks[1:], chunks[0])
        return answer

    return asyncio.run(whole())


def _batch(llm: Any) -> AIMessage:
    (answer,) = llm.batch([EASY])
    assert isinstance(answer, AIMessage)
    return answer


def _abatch(llm: Any) -> AIMessage:
    (answer,) = asyncio.run(llm.abatch([EASY]))
    assert isinstance(answer, AIMessage)
    return answer


def _generate(llm: Any) -> AIMessage:
    message = llm.generate([llm._convert_input(EASY).to_messages()]).generations[0][0]
    answer: AIMessage = message.message
    return answer


def _events(llm: Any) -> AIMessage:
    answer: AIMessage = llm.stream_events(EASY, version="v3").output
    return answer


def _aevents(llm: Any) -> AIMessage:
    async def whole() -> AIMessage:
        answer: AIMessage = await (await llm.astream_events(EASY, version="v3")).output
        return answer

    return asyncio.run(whole())


WAYS = [_invoke, _ainvoke, _stream, _astream, _batch, _abatch, _generate, _events, _aevents]
Way = Callable[[Any], AIMessage]


@pytest.mark.parametrize("way", WAYS)
def test_a_fallback_answers_for_its_tier(pair: Pair, stand_in: StandInServer, way: Way) -> None:
    llm = pair(weak=with_fallback(stand_in), prices=PRICES)
    stand_in.fail_next("gpt-weak", 429)
    answer = way(llm)
    assert answer.text.startswith("[gpt-4o-mini]")
    found = answer.response_metadata["routellm"]
    assert found | record("weak") == found
    assert stand_in.calls() == {"gpt-weak": 1, "gpt-4o-mini": 1}
    stats = llm.routing_stats()
    assert (stats.requests, stats.weak.calls, stats.strong.calls, stats.escalations) == (1, 1, 0, 0)
    usage = answer.usage_metadata
    assert usage is not None
    assert stats.weak.tokens.output == usage["output_tokens"] > 0
    assert stats.weak.cost == pytest.approx(usage["total_tokens"] / 1e6) == found["cost"]


@pytest.mark.parametrize("way", [_invoke, _ainvoke, _batch, _generate])
def test_a_retry_answers_for_its_tier(pair: Pair, stand_in: StandInServer, way: Way) -> None:
    llm = pair(weak=with_retry(stand_in))
    stand_in.fail_next("gpt-weak", 429)
    answer = way(llm)
    assert answer.text.startswith("[gpt-weak]")
    assert answer.response_metadata["routellm"] == record("weak")
    assert stand_in.calls() == {"gpt-weak": 2}


def test_only_when_all_deployments_fail_the_other_tier_is_asked(pair: Pair, stand_in: StandInServer) -> None:
    import openai

    llm = pair(weak=with_fallback(stand_in), escalate_on=openai.RateLimitError)
    stand_in.fail_next("gpt-weak", 429)
    stand_in.fail_next("gpt-4o-mini", 429)
    answer = llm.invoke(EASY)
    assert answer.response_metadata["routellm"]["reason"] == "escalated"
    assert answer.text.startswith("[gpt-strong]")


@pytest.mark.parametrize("fails", [False, True])
def test_tools_reach_every_deployment(pair: Pair, stand_in: StandInServer, fails: bool) -> None:
    other = chat_anthropic(stand_in, "claude-weak")
    llm = pair(weak=chat_openai(stand_in, "gpt-weak").with_fallbacks([other]))
    if fails:
        stand_in.fail_next("gpt-weak", 429)
    bound = llm.bind_tools([weather], tool_choice="any", parallel_tool_calls=False)
    answer = bound.invoke("Use the weather tool for Oslo.")
    assert [call["name"] for call in answer.tool_calls] == ["weather"]
    assert answer.response_metadata["routellm"]["route"] == "weak"
    (body,) = stand_in.bodies("claude-weak" if fails else "gpt-weak")[-1:]
    assert body["tools"]
    chunks = list(bound.stream("Use the weather tool for Oslo."))
    assert any(chunk.tool_call_chunks for chunk in chunks)


@pytest.mark.parametrize("method", ["json_schema", "function_calling"])
@pytest.mark.parametrize("include_raw", [False, True])
def test_a_schema_reaches_every_deployment(
    pair: Pair, stand_in: StandInServer, method: str, include_raw: bool
) -> None:
    llm = pair(weak=with_fallback(stand_in).with_config(tags=["mine"]))
    chain = llm.with_structured_output(City, method=method, include_raw=include_raw)
    stand_in.fail_next("gpt-weak", 429)
    found: Any = chain.invoke("Name a city. name: Oslo", stop=["never"])
    if include_raw:
        assert found["raw"].response_metadata["routellm"]["route"] == "weak"
        found = found["parsed"]
    assert isinstance(found, City)
    assert stand_in.bodies("gpt-4o-mini")[-1]["stop"] == ["never"]
    assert llm.routing_stats().weak.tokens.output > 0


def test_the_pair_is_its_models_provider_and_profile(pair: Pair, stand_in: StandInServer) -> None:
    plain, llm = pair(), pair(weak=with_fallback(stand_in), strong=with_retry(stand_in))
    assert llm._llm_type == plain._llm_type == "openai-chat"
    assert llm._get_ls_params()["ls_provider"] == "openai"
    assert llm.get_num_tokens("one two three") == plain.get_num_tokens("one two three")
    made = pair(
        weak=ChatOpenAI(model="gpt-4o-mini", api_key="k").with_fallbacks([chat_openai(stand_in, "gpt-weak")]),
        strong=ChatOpenAI(model="gpt-4o", api_key="k"),
    )
    assert made.profile
    assert made.profile["structured_output"] is True


def test_settings_of_the_pair_reach_every_deployment(pair: Pair, stand_in: StandInServer) -> None:
    llm = pair(weak=with_fallback(stand_in), stop=["Paris"], output_version="v1").model_copy(
        update={"temperature": 0.3}
    )
    stand_in.fail_next("gpt-weak", 429)
    assert isinstance(llm.invoke(EASY).content, list)
    for model in ("gpt-weak", "gpt-4o-mini"):
        (body,) = stand_in.bodies(model)
        assert (body["temperature"], body["stop"]) == (0.3, ["Paris"])


def test_a_pair_of_fallbacks_is_copied_and_said(pair: Pair, stand_in: StandInServer) -> None:
    llm = pair(weak=with_fallback(stand_in))
    for copied in (llm.model_copy(), copy.copy(llm), llm.with_config(tags=["mine"])):
        assert copied.invoke(EASY).response_metadata["routellm"]["route"] == "weak"
    assert json.loads(llm.model_dump_json())["weak"]
    # LangChain can't load what with_fallbacks makes, so the pair does not say that it could be loaded.
    assert json.loads(dumps(llm))["type"] == "not_implemented"


def test_a_configuration_chooses_the_model_of_a_side(pair: Pair, stand_in: StandInServer) -> None:
    weak = chat_openai(stand_in, "gpt-weak").configurable_fields(model_name=ConfigurableField(id="cheap"))
    llm = pair(weak=weak)
    other: Any = {"configurable": {"cheap": "gpt-4o-mini"}}
    assert llm.invoke(EASY).text.startswith("[gpt-weak]")
    assert llm.invoke(EASY, other).text.startswith("[gpt-4o-mini]")
    assert "".join(chunk.text for chunk in llm.stream(EASY, other)).startswith("[gpt-4o-mini]")
    bound = llm.bind_tools([weather])
    assert (
        bound.invoke("Use the weather tool for Oslo.", other).response_metadata["model_name"] == "gpt-4o-mini"
    )
    assert isinstance(llm.with_structured_output(City).invoke("Name a city. name: Oslo", other), City)
    assert stand_in.calls() == {"gpt-weak": 1, "gpt-4o-mini": 4}
    assert llm.stream_events(EASY, other, version="v3").output.text.startswith("[gpt-4o-mini]")


def test_a_model_of_init_chat_model_that_a_configuration_chooses(pair: Pair, stand_in: StandInServer) -> None:
    chat_models = pytest.importorskip("langchain.chat_models")
    weak = chat_models.init_chat_model(
        "openai:gpt-weak",
        configurable_fields=("model", "temperature"),
        config_prefix="weak",
        base_url=stand_in.openai_url,
        api_key="test-key",
    )
    llm = pair(weak=weak)
    other: Any = {"configurable": {"weak_model": "gpt-4o-mini", "weak_temperature": 0.2}}
    assert llm.invoke(EASY).text.startswith("[gpt-weak]")
    assert llm.invoke(EASY, other).text.startswith("[gpt-4o-mini]")
    assert asyncio.run(llm.ainvoke(EASY, other)).text.startswith("[gpt-4o-mini]")
    answer = llm.bind_tools([weather]).invoke("Use the weather tool for Oslo.", other)
    assert [call["name"] for call in answer.tool_calls] == ["weather"]
    assert isinstance(llm.with_structured_output(City).invoke("Name a city. name: Oslo", other), City)
    assert [body["temperature"] for body in stand_in.bodies("gpt-4o-mini")] == [0.2] * 4


def test_a_configurable_model_without_a_default_is_refused(pair: Pair) -> None:
    chat_models = pytest.importorskip("langchain.chat_models")
    with pytest.raises(ValidationError, match="weak is a configurable model without a default"):
        pair(weak=chat_models.init_chat_model(configurable_fields=("model", "model_provider")))


def test_a_chain_is_no_side(pair: Pair, stand_in: StandInServer) -> None:
    chain = RunnableLambda(lambda text: text) | chat_openai(stand_in, "gpt-weak")
    with pytest.raises(ValidationError, match="weak is a RunnableSequence, expected a chat model"):
        pair(weak=chain)
    with pytest.raises(ValidationError, match="weak is a RunnableWithFallbacks"):
        pair(weak=chat_openai(stand_in, "gpt-weak").with_fallbacks([chain]))


def test_agents_run_on_a_tier_of_fallbacks(pair: Pair, stand_in: StandInServer) -> None:
    agents = pytest.importorskip("langchain.agents")
    stand_in.fail_next("gpt-weak", 429)
    agent = agents.create_agent(pair(weak=with_fallback(stand_in)), tools=[weather])
    messages = agent.invoke({"messages": [("human", "Use the weather tool for Oslo.")]})["messages"]
    answers = [message for message in messages if isinstance(message, AIMessage)]
    assert [answer.response_metadata["routellm"]["route"] for answer in answers] == ["weak", "weak"]
    tokens = [
        chunk
        for chunk, _ in agent.stream({"messages": [("human", EASY)]}, stream_mode="messages")
        if isinstance(chunk, AIMessage)
    ]
    assert "".join(chunk.text for chunk in tokens).count("In short") == 1


def test_the_history_of_the_other_tier_is_converted_for_the_first_deployment(
    pair: Pair, stand_in: StandInServer
) -> None:
    claude = chat_anthropic(stand_in, "claude-weak").with_retry()
    llm = pair(weak=claude)
    bound = llm.bind_tools([weather])
    question = "Use the weather tool for Oslo."
    call = bound.invoke(question, {"configurable": {"routellm_route": "strong"}})
    result = weather.invoke(call.tool_calls[0])
    answer = bound.invoke([("human", question), call, result], {"configurable": {"routellm_route": "weak"}})
    assert answer.response_metadata["model_name"] == "claude-weak"
    assert not stand_in.refused
