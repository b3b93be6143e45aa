"""Every way of LlamaIndex's hosts to call an LLM and to listen to its answer."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

pytest.importorskip("llama_index.core", reason="llama-index-core is not installed")

from llama_index.core.agent.workflow import AgentStream, FunctionAgent, ReActAgent
from llama_index.core.callbacks import CallbackManager, CBEventType, EventPayload, LlamaDebugHandler
from llama_index.core.chat_engine import SimpleChatEngine
from llama_index.core.instrumentation import get_dispatcher
from llama_index.core.instrumentation.event_handlers import BaseEventHandler
from llama_index.core.instrumentation.events import BaseEvent
from llama_index.core.instrumentation.events.llm import (
    LLMChatEndEvent,
    LLMChatInProgressEvent,
    LLMCompletionEndEvent,
    LLMCompletionInProgressEvent,
)
from llama_index.core.llms import ChatMessage, ChatResponse, CompletionResponse
from llama_index.core.memory import ChatMemoryBuffer
from llama_index.core.prompts import PromptTemplate
from llama_index.core.response_synthesizers import get_response_synthesizer
from llama_index.core.schema import NodeWithScore, TextNode

ASKED = "What is the capital of Norway?"
MESSAGES = [ChatMessage(ASKED)]
TEMPLATE = PromptTemplate("Answer briefly: {query_str}")

Shown = tuple[str, list[str]]
"""What was shown token by token, and the answers that were said to be whole."""

Way = Callable[[Any], Awaitable[Shown]]
WAYS: dict[str, Way] = {}


def way(function: Way) -> Way:
    WAYS[function.__name__] = function
    return function


def whole(text: object) -> Shown:
    return str(text), [str(text)]


def text_of(answer: Any) -> str:
    """The text of whatever a method of an LLM returns."""
    if isinstance(answer, ChatResponse):
        return answer.message.content or ""
    return answer.text if isinstance(answer, CompletionResponse) else str(answer)


def streamed(parts: list[Any]) -> Shown:
    """The deltas of a stream, and what its last part says to be the whole."""
    return "".join(part.delta or "" for part in parts), [text_of(parts[-1])]


class Hearing(BaseEventHandler):
    """Keeps every event."""

    events: list[BaseEvent] = []  # noqa: RUF012 - a field of pydantic's, copied for each

    @classmethod
    def class_name(cls) -> str:
        return "Hearing"

    def handle(self, event: BaseEvent, **kwargs: Any) -> None:
        self.events.append(event)

    @property
    def shown(self) -> Shown:
        tokens, ends, routes = "", [], set()
        for event in self.events:
            text = text_of(getattr(event, "response", None) or "")
            if isinstance(event, LLMChatInProgressEvent | LLMCompletionInProgressEvent):
                tokens += event.response.delta or ""
            elif isinstance(event, LLMChatEndEvent | LLMCompletionEndEvent) and text:
                ends.append(text)
            if text:
                routes.add(event.tags.get("routellm.route"))
        assert len(routes) <= 1
        return tokens or "".join(ends), ends


@contextmanager
def hearing() -> Iterator[Hearing]:
    root, handler = get_dispatcher(), Hearing()
    root.add_event_handler(handler)
    try:
        yield handler
    finally:
        root.event_handlers.remove(handler)


@way
async def chat(llm: Any) -> Shown:
    return whole(llm.chat(MESSAGES).message.content)


@way
async def achat(llm: Any) -> Shown:
    return whole((await llm.achat(MESSAGES)).message.content)


@way
async def complete(llm: Any) -> Shown:
    return whole(llm.complete(ASKED).text)


@way
async def acomplete(llm: Any) -> Shown:
    return whole((await llm.acomplete(ASKED)).text)


@way
async def predict(llm: Any) -> Shown:
    return whole(llm.predict(TEMPLATE, query_str=ASKED))


@way
async def apredict(llm: Any) -> Shown:
    return whole(await llm.apredict(TEMPLATE, query_str=ASKED))


@way
async def stream_chat(llm: Any) -> Shown:
    return streamed(list(llm.stream_chat(MESSAGES)))


@way
async def astream_chat(llm: Any) -> Shown:
    return streamed([part async for part in await llm.astream_chat(MESSAGES)])


@way
async def stream_complete(llm: Any) -> Shown:
    return streamed(list(llm.stream_complete(ASKED)))


@way
async def astream_complete(llm: Any) -> Shown:
    return streamed([part async for part in await llm.astream_complete(ASKED)])


@way
async def stream(llm: Any) -> Shown:
    return whole("".join(llm.stream(TEMPLATE, query_str=ASKED)))


@way
async def astream(llm: Any) -> Shown:
    return whole("".join([part async for part in await llm.astream(TEMPLATE, query_str=ASKED)]))


def chat_engine_of(llm: Any) -> Any:
    # The default memory is a database that nobody closes.
    return SimpleChatEngine.from_defaults(llm=llm, memory=ChatMemoryBuffer.from_defaults())


@way
async def chat_engine(llm: Any) -> Shown:
    return whole(chat_engine_of(llm).chat(ASKED))


@way
async def streaming_chat_engine(llm: Any) -> Shown:
    response = chat_engine_of(llm).stream_chat(ASKED)
    return "".join(response.response_gen), [str(response)]


@way
async def async_streaming_chat_engine(llm: Any) -> Shown:
    response = await chat_engine_of(llm).astream_chat(ASKED)
    return whole("".join([token async for token in response.async_response_gen()]))


NODES = [NodeWithScore(node=TextNode(text="Oslo is the capital of Norway."))]


@way
async def synthesizer(llm: Any) -> Shown:
    return whole(get_response_synthesizer(llm=llm).synthesize(ASKED, NODES))


@way
async def streaming_synthesizer(llm: Any) -> Shown:
    response: Any = get_response_synthesizer(llm=llm, streaming=True).synthesize(ASKED, NODES)
    return whole("".join(response.response_gen))


async def of_agent(agent: Any) -> Shown:
    running = agent.run(ASKED, memory=ChatMemoryBuffer.from_defaults())
    events = [event async for event in running.stream_events()]
    tokens = "".join(event.delta for event in events if isinstance(event, AgentStream))
    return tokens, [str(await running)]


@way
async def function_agent(llm: Any) -> Shown:
    return await of_agent(FunctionAgent(tools=[], llm=llm))


@way
async def react_agent(llm: Any) -> Shown:
    return await of_agent(ReActAgent(tools=[], llm=llm))


@way
async def events_of_chat(llm: Any) -> Shown:
    with hearing() as heard:
        llm.chat(MESSAGES)
    return heard.shown


@way
async def events_of_achat(llm: Any) -> Shown:
    with hearing() as heard:
        await llm.achat(MESSAGES)
    return heard.shown


@way
async def events_of_complete(llm: Any) -> Shown:
    with hearing() as heard:
        llm.complete(ASKED)
    return heard.shown[0], [heard.shown[1][-1]]


@way
async def events_of_stream_chat(llm: Any) -> Shown:
    with hearing() as heard:
        list(llm.stream_chat(MESSAGES))
    return heard.shown


@way
async def events_of_astream_chat(llm: Any) -> Shown:
    with hearing() as heard:
        _ = [part async for part in await llm.astream_chat(MESSAGES)]
    return heard.shown


def told(llm: Any, ask: Callable[[], object]) -> Shown:
    """Ask, and return the answers that a handler of the callback manager is told to be whole."""
    debug = LlamaDebugHandler(print_trace_on_end=False)
    llm.callback_manager = CallbackManager([debug])
    ask()
    pairs = debug.get_event_pairs(CBEventType.LLM)
    ends = [pair[-1].payload or {} for pair in pairs if len(pair) > 1]
    texts = [end.get(EventPayload.RESPONSE) or end.get(EventPayload.COMPLETION) for end in ends]
    said = [text for text in map(text_of, filter(None, texts)) if text]
    return "".join(said), said


@way
async def callbacks_of_chat(llm: Any) -> Shown:
    return told(llm, lambda: llm.chat(MESSAGES))


@way
async def callbacks_of_stream_chat(llm: Any) -> Shown:
    return told(llm, lambda: list(llm.stream_chat(MESSAGES)))
