"""Whoever shows an answer shows the one that stands: no token of a rejected or failed one, and none twice."""

from __future__ import annotations

from typing import Any

import openai
import pytest
from langchain_core.callbacks import BaseCallbackHandler
from langchain_core.messages import HumanMessage
from langchain_core.output_parsers import StrOutputParser
from langchain_core.runnables import RunnableLambda

from langchain_routellm import ChatRouteLLM

from examples.stand_in import StandInServer
from tests.langchain.conftest import Pair
from tests.langchain.recording import RecordingTracer

pytestmark = [
    pytest.mark.filterwarnings("ignore::langchain_core._api.LangChainBetaWarning"),
    pytest.mark.filterwarnings("ignore::langchain_core._api.LangChainDeprecationWarning"),
]

EASY = "What is the capital of France?"


def events_text(events: list[dict[str, Any]]) -> str:
    chunks = [event["data"]["chunk"] for event in events if event["event"] == "on_chat_model_stream"]
    return "".join(chunk.text for chunk in chunks)


def kinds(events: list[dict[str, Any]]) -> list[str]:
    names = [event["event"] for event in events if "chat_model" in event["event"]]
    return [name for name in names if not name.endswith("_stream")]


async def bare_events(llm: ChatRouteLLM, version: Any) -> tuple[str, list[str]]:
    events = [event async for event in llm.astream_events(EASY, version=version)]
    return events_text(events), kinds(events)


async def chain_events(llm: ChatRouteLLM) -> tuple[str, list[str]]:
    async def node(prompt: str) -> str:
        return (await llm.ainvoke(prompt)).text

    events = [event async for event in RunnableLambda(node).astream_events(EASY)]
    return events_text(events), [
        e["event"] for e in events if "chat_model" in e["event"] and "stream" not in e["event"]
    ]


async def sync_chain_events(llm: ChatRouteLLM) -> tuple[str, list[str]]:
    events = [
        event async for event in RunnableLambda(lambda text: llm.invoke(text).text).astream_events(EASY)
    ]
    return events_text(events), [
        e["event"] for e in events if "chat_model" in e["event"] and "stream" not in e["event"]
    ]


async def parsed_events(llm: ChatRouteLLM) -> tuple[str, list[str]]:
    events = [event async for event in (llm | StrOutputParser()).astream_events(EASY)]
    return events_text(events), [
        e["event"] for e in events if "chat_model" in e["event"] and "stream" not in e["event"]
    ]


async def log(llm: ChatRouteLLM) -> str:
    text = ""
    async for patch in (llm | StrOutputParser()).astream_log(EASY):
        for op in patch.ops:
            if op["path"].startswith("/logs/Chat") and op["path"].endswith("/streamed_output_str/-"):
                text += op["value"]
    return text


async def plain(llm: ChatRouteLLM) -> str:
    return "".join([chunk.text async for chunk in llm.astream(EASY)])


async def plain_sync(llm: ChatRouteLLM) -> str:
    return "".join(chunk.text for chunk in llm.stream(EASY))


async def events_v3(llm: ChatRouteLLM) -> str:
    return "".join([part async for part in (await llm.astream_events(EASY, version="v3")).text])


async def sync_events_v3(llm: ChatRouteLLM) -> str:
    return "".join(llm.stream_events(EASY, version="v3").text)


async def agent_messages(llm: ChatRouteLLM) -> str:
    agents = pytest.importorskip("langchain.agents", reason="langchain is not installed")
    stream = agents.create_agent(llm).astream({"messages": [HumanMessage(EASY)]}, stream_mode="messages")
    return "".join([message.text async for message, _ in stream])


async def sync_agent_messages(llm: ChatRouteLLM) -> str:
    agents = pytest.importorskip("langchain.agents", reason="langchain is not installed")
    stream = agents.create_agent(llm).stream({"messages": [HumanMessage(EASY)]}, stream_mode="messages")
    return "".join(message.text for message, _ in stream)


async def agent_events_v3(llm: ChatRouteLLM) -> str:
    agents = pytest.importorskip("langchain.agents", reason="langchain is not installed")
    said: Any = {"messages": [HumanMessage(EASY)]}
    text = ""
    async for message in (await agents.create_agent(llm).astream_events(said, version="v3")).messages:
        text += "".join([part async for part in message.text])
    return text


WAYS = [
    *(log, plain, plain_sync, events_v3, sync_events_v3),
    *(agent_messages, sync_agent_messages, agent_events_v3),
]
EVENTS = [chain_events, sync_chain_events, parsed_events]
STRONG = "[gpt-strong]"


async def shown(way: Any, llm: ChatRouteLLM) -> tuple[str, list[str]]:
    found = await way(llm)
    return found if isinstance(found, tuple) else (found, ["on_chat_model_start", "on_chat_model_end"])


@pytest.mark.parametrize("way", [*WAYS, *EVENTS], ids=lambda way: way.__name__)
@pytest.mark.parametrize("fault", ["rejected", "failed", "none"])
async def test_one_answer_is_shown_once(pair: Pair, stand_in: StandInServer, way: Any, fault: str) -> None:
    raw, expected = await shown(way, pair(threshold=0.0))
    if fault == "rejected":
        llm = pair(escalate_if=lambda message: True)
    elif fault == "failed":
        llm = pair(escalate_on=openai.InternalServerError)
        stand_in.fail_next("gpt-weak", 500)
    else:
        llm = pair(escalate_if=lambda message: False)
    text, events = await shown(way, llm)
    assert events == expected
    assert text.count("[gpt-") == 1
    assert text == (raw.replace(STRONG, "[gpt-weak]") if fault == "none" else raw)
    stats = llm.routing_stats()
    assert (stats.weak.calls, stats.escalations) == (1, int(fault != "none"))


@pytest.mark.parametrize("version", ["v1", "v2"])
@pytest.mark.parametrize("fault", ["rejected", "failed", "none"])
async def test_events_of_the_bare_model(
    pair: Pair, stand_in: StandInServer, version: str, fault: str
) -> None:
    raw, expected = await bare_events(pair(threshold=0.0), version)
    settings: dict[str, Any] = {"escalate_on": openai.InternalServerError}
    if fault == "rejected":
        settings = {"escalate_if": lambda message: True}
    elif fault == "failed":
        stand_in.fail_next("gpt-weak", 500)
    text, events = await bare_events(pair(**settings), version)
    assert (text.count("[gpt-"), events) == (1, expected)
    assert text == (raw.replace(STRONG, "[gpt-weak]") if fault == "none" else raw)


async def test_the_run_that_is_shown_has_the_callers_id_and_tracers_see_both(
    pair: Pair, stand_in: StandInServer
) -> None:
    tracer = RecordingTracer()
    llm = pair(escalate_on=openai.InternalServerError)
    stand_in.fail_next("gpt-weak", 500)
    events = [event async for event in llm.astream_events(EASY, {"callbacks": [tracer]})]
    assert len({event["run_id"] for event in events}) == 1
    assert {event["metadata"]["routellm_route"] for event in events} == {"strong"}
    assert [run.extra["metadata"]["routellm_route"] for run in tracer.runs] == ["weak", "strong"]
    assert len({run.id for run in tracer.runs}) == 2


class Listener(BaseCallbackHandler):
    def __init__(self) -> None:
        self.text = ""
        self.ended: list[str] = []

    def on_llm_new_token(self, token: Any, **kwargs: Any) -> None:
        self.text += str(token)

    def on_llm_end(self, response: Any, **kwargs: Any) -> None:
        self.ended.append(response.generations[0][0].text.partition("]")[0])


async def test_who_listens_to_tokens_hears_of_a_rejected_answer_without_them(pair: Pair) -> None:
    llm = pair(escalate_if=lambda message: True, streaming=True)
    for listener in (first := Listener(), second := Listener()):
        config: Any = {"callbacks": [listener]}
        answer = llm.invoke(EASY, config) if listener is first else await llm.ainvoke(EASY, config)
        assert listener.text == answer.text
        assert listener.ended == ["[gpt-weak", "[gpt-strong"]
    assert second.text


async def test_an_error_after_the_first_shown_token_is_the_callers(
    pair: Pair, stand_in: StandInServer
) -> None:
    llm = pair(escalate_on=Exception)
    for way in (chain_events, sync_chain_events):
        stand_in.fail_next("gpt-weak", 500, after_chunks=3)
        with pytest.raises(openai.APIError):
            await way(llm)
    # where nobody was shown anything, the other model is asked
    stand_in.fail_next("gpt-weak", 500, after_chunks=3)
    assert pair(escalate_on=Exception, streaming=True).invoke(EASY).text.startswith(STRONG)


async def test_a_streamed_answer_that_is_rejected_is_counted(pair: Pair) -> None:
    llm = pair(escalate_if=lambda message: "gpt-weak" in message.text)
    for chunks in (list(llm.stream(EASY)), [chunk async for chunk in llm.astream(EASY)]):
        assert chunks[0].response_metadata["routellm"]["reason"] == "escalated"
    stats = llm.routing_stats()
    assert (stats.weak.calls, stats.strong.calls, stats.escalations) == (2, 2, 2)
    assert stats.weak.tokens.output > 0
    assert pair(escalate_if=lambda message: True, mode="shadow").invoke(EASY).text.startswith(STRONG)
