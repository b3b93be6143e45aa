"""Every way of LangChain's hosts to call a chat model and to listen to its answer."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from langchain_core.messages import AIMessage, AIMessageChunk
from langchain_core.output_parsers import StrOutputParser
from langchain_core.prompts import ChatPromptTemplate
from langchain_core.runnables import RunnableLambda

from tests.langchain.heard import AsyncListener, Listener, Shown, of_events, whole

ASKED = "What is the capital of Norway?"

Way = Callable[[Any], Awaitable[Shown]]
WAYS: dict[str, Way] = {}


def way(function: Way) -> Way:
    WAYS[function.__name__] = function
    return function


@way
async def invoke(llm: Any) -> Shown:
    return whole(llm.invoke(ASKED))


@way
async def ainvoke(llm: Any) -> Shown:
    return whole(await llm.ainvoke(ASKED))


@way
async def batch(llm: Any) -> Shown:
    return whole(llm.batch([ASKED])[0])


@way
async def abatch(llm: Any) -> Shown:
    return whole((await llm.abatch([ASKED]))[0])


@way
async def generate(llm: Any) -> Shown:
    text = llm.generate([llm._convert_input(ASKED).to_messages()]).generations[0][0].text
    return text, [text]


@way
async def stream(llm: Any) -> Shown:
    text = "".join(str(chunk.text) for chunk in llm.stream(ASKED))
    return text, [text]


@way
async def astream(llm: Any) -> Shown:
    text = "".join([str(chunk.text) async for chunk in llm.astream(ASKED)])
    return text, [text]


@way
async def events_v1(llm: Any) -> Shown:
    return of_events([event async for event in llm.astream_events(ASKED, version="v1")])


@way
async def events_v2(llm: Any) -> Shown:
    return of_events([event async for event in llm.astream_events(ASKED, version="v2")])


@way
async def events_v3(llm: Any) -> Shown:
    stream = await llm.astream_events(ASKED, version="v3")
    text = "".join([part async for part in stream.text])
    return text, [str((await stream.output).text)]


@way
async def sync_events_v3(llm: Any) -> Shown:
    stream = llm.stream_events(ASKED, version="v3")
    return "".join(stream.text), [str(stream.output.text)]


@way
async def events_v1_of_a_chain(llm: Any) -> Shown:
    chain = ChatPromptTemplate.from_template("{asked}") | llm | StrOutputParser()
    return of_events([event async for event in chain.astream_events({"asked": ASKED}, version="v1")])


@way
async def events_v2_of_a_chain(llm: Any) -> Shown:
    chain = ChatPromptTemplate.from_template("{asked}") | llm | StrOutputParser()
    return of_events([event async for event in chain.astream_events({"asked": ASKED}, version="v2")])


@way
async def events_around_an_invoke(llm: Any) -> Shown:
    async def ask(asked: str) -> str:
        return str((await llm.ainvoke(asked)).text)

    return of_events([event async for event in RunnableLambda(ask).astream_events(ASKED, version="v2")])


@way
async def events_around_a_sync_invoke(llm: Any) -> Shown:
    chain = RunnableLambda(lambda asked: llm.invoke(asked).text)
    return of_events([event async for event in chain.astream_events(ASKED, version="v2")])


async def of_log(runnable: Any) -> Shown:
    tokens, ends, names = "", [], []
    async for patch in runnable.astream_log(ASKED):
        for op in patch.ops:
            at = op["path"]
            if at.startswith("/logs/Chat") and at.count("/") == 2:
                names.append(at)
            elif at.startswith("/logs/Chat") and at.endswith("/streamed_output_str/-"):
                tokens += op["value"]
            elif at.startswith("/logs/Chat") and at.endswith("/final_output") and op["value"] is not None:
                ends.append(op["value"]["generations"][0][0]["text"])
    assert len(names) <= 1
    return tokens, ends


@way
async def log_of_a_chain(llm: Any) -> Shown:
    return await of_log(llm | StrOutputParser())


@way
async def log(llm: Any) -> Shown:
    text = ""
    async for patch in llm.astream_log(ASKED):
        for op in patch.ops:
            if op["path"] == "/streamed_output/-":
                text += op["value"].text
    return text, [text]


@way
async def callbacks_of_invoke(llm: Any) -> Shown:
    llm.invoke(ASKED, {"callbacks": [listener := Listener()]})
    return listener.shown


@way
async def callbacks_of_a_streamed_invoke(llm: Any) -> Shown:
    llm.streaming = True
    llm.invoke(ASKED, {"callbacks": [listener := Listener()]})
    return listener.shown


@way
async def callbacks_of_stream(llm: Any) -> Shown:
    list(llm.stream(ASKED, {"callbacks": [listener := Listener()]}))
    return listener.shown


@way
async def async_callbacks_of_ainvoke(llm: Any) -> Shown:
    await llm.ainvoke(ASKED, {"callbacks": [listener := AsyncListener()]})
    return listener.shown


@way
async def async_callbacks_of_astream(llm: Any) -> Shown:
    listener = AsyncListener()
    _ = [chunk async for chunk in llm.astream(ASKED, {"callbacks": [listener]})]
    return listener.shown


@way
async def callbacks_of_the_pair(llm: Any) -> Shown:
    llm.callbacks = [listener := Listener()]
    _ = [chunk async for chunk in llm.astream(ASKED)]
    return listener.shown


def graph(llm: Any) -> Any:
    graphs = pytest.importorskip("langgraph.graph", reason="langgraph is not installed")

    async def answer(state: Any) -> Any:
        return {"messages": [await llm.ainvoke(state["messages"])]}

    made = graphs.StateGraph(graphs.MessagesState)
    made.add_node("answer", answer)
    made.add_edge(graphs.START, "answer")
    return made.compile()


def agent(llm: Any) -> Any:
    agents = pytest.importorskip("langchain.agents", reason="langchain is not installed")
    return agents.create_agent(llm)


STATE = {"messages": [("human", ASKED)]}


def answers(update: Any) -> list[str]:
    """Return the texts of the model's messages anywhere in what a graph streamed."""
    if isinstance(update, AIMessage) and not isinstance(update, AIMessageChunk):
        return [str(update.text)]
    if isinstance(update, dict):
        return [text for value in update.values() for text in answers(value)]
    return [text for value in update for text in answers(value)] if isinstance(update, list | tuple) else []


async def of_mode(made: Any, mode: str) -> Shown:
    parts = [part async for part in made.astream(STATE, stream_mode=mode)]
    ends = list(dict.fromkeys(text for part in parts for text in answers(part)))
    return "".join(ends), ends


async def of_messages(made: Any) -> Shown:
    text = "".join([str(message.text) async for message, _ in made.astream(STATE, stream_mode="messages")])
    return text, [text]


@way
async def messages_of_a_graph(llm: Any) -> Shown:
    return await of_messages(graph(llm))


@way
async def messages_of_an_agent(llm: Any) -> Shown:
    return await of_messages(agent(llm))


@way
async def sync_messages_of_an_agent(llm: Any) -> Shown:
    parts = agent(llm).stream(STATE, stream_mode="messages")
    text = "".join(str(message.text) for message, _ in parts)
    return text, [text]


@way
async def updates_of_a_graph(llm: Any) -> Shown:
    return await of_mode(graph(llm), "updates")


@way
async def values_of_a_graph(llm: Any) -> Shown:
    return await of_mode(graph(llm), "values")


@way
async def debug_of_a_graph(llm: Any) -> Shown:
    return await of_mode(graph(llm), "debug")


@way
async def tasks_of_a_graph(llm: Any) -> Shown:
    return await of_mode(graph(llm), "tasks")


@way
async def events_of_an_agent(llm: Any) -> Shown:
    return of_events([event async for event in agent(llm).astream_events(STATE, version="v2")])
