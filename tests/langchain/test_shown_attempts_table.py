"""Each way of LangChain's hosts to listen, by each way of a provider to fail before the first token.

Whoever listens is shown the answer of the model that took over, whole and once, and nothing of the other.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from langchain_core.callbacks import AsyncCallbackHandler, BaseCallbackHandler
from langchain_core.messages import AIMessage, AIMessageChunk
from langchain_core.output_parsers import StrOutputParser
from langchain_core.prompts import ChatPromptTemplate
from langchain_core.runnables import RunnableLambda
from langchain_openai import ChatOpenAI

from langchain_routellm import ChatRouteLLM

from tests.faulty_provider import BEFORE_THE_FIRST_TOKEN, Fault, FaultyProvider, answer_of
from tests.routers import FixedRouter

pytestmark = [
    pytest.mark.filterwarnings("ignore::langchain_core._api.LangChainBetaWarning"),
    pytest.mark.filterwarnings("ignore::langchain_core._api.LangChainDeprecationWarning"),
]

ASKED = "What is the capital of Norway?"
ANSWER = answer_of("gpt-4o")

Shown = tuple[str, list[str]]
"""What was shown token by token, and the answers that were said to be whole."""

Way = Callable[[ChatRouteLLM], Awaitable[Shown]]
WAYS: dict[str, Way] = {}


def way(function: Way) -> Way:
    WAYS[function.__name__] = function
    return function


def whole(answer: AIMessage) -> Shown:
    return str(answer.text), [str(answer.text)]


def of_events(events: list[Any]) -> Shown:
    tokens, ends = "", []
    for event in events:
        if event["event"] == "on_chat_model_stream":
            tokens += event["data"]["chunk"].text
        elif event["event"] == "on_chat_model_end":
            output = event["data"]["output"]
            message = output["generations"][0][0]["message"] if isinstance(output, dict) else output
            ends.append(str(message.text))
    starts = sum(event["event"] == "on_chat_model_start" for event in events)
    runs = {event["run_id"] for event in events if "chat_model" in event["event"]}
    assert (starts, len(runs)) == (1, 1)
    return tokens or "".join(ends), ends


class Tokens:
    def __init__(self) -> None:
        self.text = ""
        self.ends: list[str] = []

    @property
    def shown(self) -> Shown:
        # Who only listens is told of a rejected answer too, without its tokens.
        ends = [text for text in self.ends if text]
        return self.text or "".join(ends), ends


class Listener(Tokens, BaseCallbackHandler):
    def on_llm_new_token(self, token: Any, **kwargs: Any) -> None:
        self.text += str(token)

    def on_llm_end(self, response: Any, **kwargs: Any) -> None:
        self.ends.append(response.generations[0][0].text)


class AsyncListener(Tokens, AsyncCallbackHandler):
    async def on_llm_new_token(self, token: Any, **kwargs: Any) -> None:
        self.text += str(token)

    async def on_llm_end(self, response: Any, **kwargs: Any) -> None:
        self.ends.append(response.generations[0][0].text)


@way
async def invoke(llm: ChatRouteLLM) -> Shown:
    return whole(llm.invoke(ASKED))


@way
async def ainvoke(llm: ChatRouteLLM) -> Shown:
    return whole(await llm.ainvoke(ASKED))


@way
async def batch(llm: ChatRouteLLM) -> Shown:
    return whole(llm.batch([ASKED])[0])


@way
async def abatch(llm: ChatRouteLLM) -> Shown:
    return whole((await llm.abatch([ASKED]))[0])


@way
async def generate(llm: ChatRouteLLM) -> Shown:
    text = llm.generate([llm._convert_input(ASKED).to_messages()]).generations[0][0].text
    return text, [text]


@way
async def stream(llm: ChatRouteLLM) -> Shown:
    text = "".join(str(chunk.text) for chunk in llm.stream(ASKED))
    return text, [text]


@way
async def astream(llm: ChatRouteLLM) -> Shown:
    text = "".join([str(chunk.text) async for chunk in llm.astream(ASKED)])
    return text, [text]


@way
async def events_v1(llm: ChatRouteLLM) -> Shown:
    return of_events([event async for event in llm.astream_events(ASKED, version="v1")])


@way
async def events_v2(llm: ChatRouteLLM) -> Shown:
    return of_events([event async for event in llm.astream_events(ASKED, version="v2")])


@way
async def events_v3(llm: ChatRouteLLM) -> Shown:
    stream = await llm.astream_events(ASKED, version="v3")
    text = "".join([part async for part in stream.text])
    return text, [str((await stream.output).text)]


@way
async def sync_events_v3(llm: ChatRouteLLM) -> Shown:
    stream = llm.stream_events(ASKED, version="v3")
    return "".join(stream.text), [str(stream.output.text)]


@way
async def events_v1_of_a_chain(llm: ChatRouteLLM) -> Shown:
    chain = ChatPromptTemplate.from_template("{asked}") | llm | StrOutputParser()
    return of_events([event async for event in chain.astream_events({"asked": ASKED}, version="v1")])


@way
async def events_v2_of_a_chain(llm: ChatRouteLLM) -> Shown:
    chain = ChatPromptTemplate.from_template("{asked}") | llm | StrOutputParser()
    return of_events([event async for event in chain.astream_events({"asked": ASKED}, version="v2")])


@way
async def events_around_an_invoke(llm: ChatRouteLLM) -> Shown:
    async def ask(asked: str) -> str:
        return str((await llm.ainvoke(asked)).text)

    return of_events([event async for event in RunnableLambda(ask).astream_events(ASKED, version="v2")])


@way
async def events_around_a_sync_invoke(llm: ChatRouteLLM) -> Shown:
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
async def log_of_a_chain(llm: ChatRouteLLM) -> Shown:
    return await of_log(llm | StrOutputParser())


@way
async def log(llm: ChatRouteLLM) -> Shown:
    text = ""
    async for patch in llm.astream_log(ASKED):
        for op in patch.ops:
            if op["path"] == "/streamed_output/-":
                text += op["value"].text
    return text, [text]


@way
async def callbacks_of_invoke(llm: ChatRouteLLM) -> Shown:
    llm.invoke(ASKED, {"callbacks": [listener := Listener()]})
    return listener.shown


@way
async def callbacks_of_a_streamed_invoke(llm: ChatRouteLLM) -> Shown:
    llm.streaming = True
    llm.invoke(ASKED, {"callbacks": [listener := Listener()]})
    return listener.shown


@way
async def callbacks_of_stream(llm: ChatRouteLLM) -> Shown:
    list(llm.stream(ASKED, {"callbacks": [listener := Listener()]}))
    return listener.shown


@way
async def async_callbacks_of_ainvoke(llm: ChatRouteLLM) -> Shown:
    await llm.ainvoke(ASKED, {"callbacks": [listener := AsyncListener()]})
    return listener.shown


@way
async def async_callbacks_of_astream(llm: ChatRouteLLM) -> Shown:
    listener = AsyncListener()
    _ = [chunk async for chunk in llm.astream(ASKED, {"callbacks": [listener]})]
    return listener.shown


@way
async def callbacks_of_the_pair(llm: ChatRouteLLM) -> Shown:
    llm.callbacks = [listener := Listener()]
    _ = [chunk async for chunk in llm.astream(ASKED)]
    return listener.shown


def graph(llm: ChatRouteLLM) -> Any:
    graphs = pytest.importorskip("langgraph.graph", reason="langgraph is not installed")

    async def answer(state: Any) -> Any:
        return {"messages": [await llm.ainvoke(state["messages"])]}

    made = graphs.StateGraph(graphs.MessagesState)
    made.add_node("answer", answer)
    made.add_edge(graphs.START, "answer")
    return made.compile()


def agent(llm: ChatRouteLLM) -> Any:
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
async def messages_of_a_graph(llm: ChatRouteLLM) -> Shown:
    return await of_messages(graph(llm))


@way
async def messages_of_an_agent(llm: ChatRouteLLM) -> Shown:
    return await of_messages(agent(llm))


@way
async def sync_messages_of_an_agent(llm: ChatRouteLLM) -> Shown:
    parts = agent(llm).stream(STATE, stream_mode="messages")
    text = "".join(str(message.text) for message, _ in parts)
    return text, [text]


@way
async def updates_of_a_graph(llm: ChatRouteLLM) -> Shown:
    return await of_mode(graph(llm), "updates")


@way
async def values_of_a_graph(llm: ChatRouteLLM) -> Shown:
    return await of_mode(graph(llm), "values")


@way
async def debug_of_a_graph(llm: ChatRouteLLM) -> Shown:
    return await of_mode(graph(llm), "debug")


@way
async def tasks_of_a_graph(llm: ChatRouteLLM) -> Shown:
    return await of_mode(graph(llm), "tasks")


@way
async def events_of_an_agent(llm: ChatRouteLLM) -> Shown:
    return of_events([event async for event in agent(llm).astream_events(STATE, version="v2")])


@pytest.mark.parametrize("fault", BEFORE_THE_FIRST_TOKEN)
@pytest.mark.parametrize("name", WAYS)
async def test_the_answer_that_took_over_is_shown_once_and_nothing_else(name: str, fault: Fault) -> None:
    provider = FaultyProvider(fault)
    given = {"api_key": "k", "max_retries": 0}
    clients = {"http_client": provider.client, "http_async_client": provider.async_client}
    models = {
        side: ChatOpenAI(model=model, **given, **clients)  # type: ignore[arg-type]
        for side, model in (("strong", "gpt-4o"), ("weak", "gpt-4o-mini"))
    }
    # An answer without choices is an error where it is whole, and an empty answer where it is streamed.
    empty = {"escalate_if": lambda message: not message.text} if fault == "empty choices" else {}
    llm = ChatRouteLLM(**models, router=FixedRouter(0.0), threshold=0.5, escalate_on=Exception, **empty)

    assert await WAYS[name](llm) == (ANSWER, [ANSWER])
    assert provider.calls == ["gpt-4o-mini", "gpt-4o"]
    stats = llm.routing_stats()
    assert (stats.weak.calls, stats.strong.calls, stats.escalations) == (1, 1, 1)
