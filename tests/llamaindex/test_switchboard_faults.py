"""Each way of LlamaIndex's hosts to listen, by each way of a provider to fail before the first token.

Whoever listens is shown the answer of the model that took over, whole and once, and nothing of the other.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

pytest.importorskip("llama_index.core", reason="llama-index-core is not installed")
pytest.importorskip("llama_index.llms.openai", reason="llama-index-llms-openai is not installed")

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
from llama_index.llms.openai import OpenAI

from llamaindex_routellm import RouteLLM

from tests.faulty_provider import BEFORE_THE_FIRST_TOKEN, Fault, FaultyProvider, answer_of
from tests.routers import FixedRouter

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")

ASKED = "What is the capital of Norway?"
MESSAGES = [ChatMessage(ASKED)]
TEMPLATE = PromptTemplate("Answer briefly: {query_str}")
ANSWER = answer_of("gpt-4o")

Shown = tuple[str, list[str]]
"""What was shown token by token, and the answers that were said to be whole."""

Way = Callable[[RouteLLM], Awaitable[Shown]]
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
        tokens, ends = "", []
        for event in self.events:
            text = text_of(getattr(event, "response", None) or "")
            if isinstance(event, LLMChatInProgressEvent | LLMCompletionInProgressEvent):
                tokens += event.response.delta or ""
            elif isinstance(event, LLMChatEndEvent | LLMCompletionEndEvent) and text:
                ends.append(text)
            if text:
                assert event.tags["routellm.route"] == "strong"
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
async def chat(llm: RouteLLM) -> Shown:
    return whole(llm.chat(MESSAGES).message.content)


@way
async def achat(llm: RouteLLM) -> Shown:
    return whole((await llm.achat(MESSAGES)).message.content)


@way
async def complete(llm: RouteLLM) -> Shown:
    return whole(llm.complete(ASKED).text)


@way
async def acomplete(llm: RouteLLM) -> Shown:
    return whole((await llm.acomplete(ASKED)).text)


@way
async def predict(llm: RouteLLM) -> Shown:
    return whole(llm.predict(TEMPLATE, query_str=ASKED))


@way
async def apredict(llm: RouteLLM) -> Shown:
    return whole(await llm.apredict(TEMPLATE, query_str=ASKED))


@way
async def stream_chat(llm: RouteLLM) -> Shown:
    return streamed(list(llm.stream_chat(MESSAGES)))


@way
async def astream_chat(llm: RouteLLM) -> Shown:
    return streamed([part async for part in await llm.astream_chat(MESSAGES)])


@way
async def stream_complete(llm: RouteLLM) -> Shown:
    return streamed(list(llm.stream_complete(ASKED)))


@way
async def astream_complete(llm: RouteLLM) -> Shown:
    return streamed([part async for part in await llm.astream_complete(ASKED)])


@way
async def stream(llm: RouteLLM) -> Shown:
    return whole("".join(llm.stream(TEMPLATE, query_str=ASKED)))


@way
async def astream(llm: RouteLLM) -> Shown:
    return whole("".join([part async for part in await llm.astream(TEMPLATE, query_str=ASKED)]))


def chat_engine_of(llm: RouteLLM) -> Any:
    # The default memory is a database that nobody closes.
    return SimpleChatEngine.from_defaults(llm=llm, memory=ChatMemoryBuffer.from_defaults())


@way
async def chat_engine(llm: RouteLLM) -> Shown:
    return whole(chat_engine_of(llm).chat(ASKED))


@way
async def streaming_chat_engine(llm: RouteLLM) -> Shown:
    response = chat_engine_of(llm).stream_chat(ASKED)
    return "".join(response.response_gen), [str(response)]


@way
async def async_streaming_chat_engine(llm: RouteLLM) -> Shown:
    response = await chat_engine_of(llm).astream_chat(ASKED)
    return whole("".join([token async for token in response.async_response_gen()]))


NODES = [NodeWithScore(node=TextNode(text="Oslo is the capital of Norway."))]


@way
async def synthesizer(llm: RouteLLM) -> Shown:
    return whole(get_response_synthesizer(llm=llm).synthesize(ASKED, NODES))


@way
async def streaming_synthesizer(llm: RouteLLM) -> Shown:
    response: Any = get_response_synthesizer(llm=llm, streaming=True).synthesize(ASKED, NODES)
    return whole("".join(response.response_gen))


async def of_agent(agent: Any) -> Shown:
    running = agent.run(ASKED, memory=ChatMemoryBuffer.from_defaults())
    events = [event async for event in running.stream_events()]
    tokens = "".join(event.delta for event in events if isinstance(event, AgentStream))
    return tokens, [str(await running)]


@way
async def function_agent(llm: RouteLLM) -> Shown:
    return await of_agent(FunctionAgent(tools=[], llm=llm))


@way
async def react_agent(llm: RouteLLM) -> Shown:
    return await of_agent(ReActAgent(tools=[], llm=llm))


@way
async def events_of_chat(llm: RouteLLM) -> Shown:
    with hearing() as heard:
        llm.chat(MESSAGES)
    return heard.shown


@way
async def events_of_achat(llm: RouteLLM) -> Shown:
    with hearing() as heard:
        await llm.achat(MESSAGES)
    return heard.shown


@way
async def events_of_complete(llm: RouteLLM) -> Shown:
    with hearing() as heard:
        llm.complete(ASKED)
    return heard.shown[0], [heard.shown[1][-1]]


@way
async def events_of_stream_chat(llm: RouteLLM) -> Shown:
    with hearing() as heard:
        list(llm.stream_chat(MESSAGES))
    return heard.shown


@way
async def events_of_astream_chat(llm: RouteLLM) -> Shown:
    with hearing() as heard:
        _ = [part async for part in await llm.astream_chat(MESSAGES)]
    return heard.shown


def told(llm: RouteLLM, ask: Callable[[], object]) -> Shown:
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
async def callbacks_of_chat(llm: RouteLLM) -> Shown:
    return told(llm, lambda: llm.chat(MESSAGES))


@way
async def callbacks_of_stream_chat(llm: RouteLLM) -> Shown:
    return told(llm, lambda: list(llm.stream_chat(MESSAGES)))


@pytest.mark.parametrize("fault", BEFORE_THE_FIRST_TOKEN)
@pytest.mark.parametrize("name", WAYS)
async def test_the_answer_that_took_over_is_shown_once_and_nothing_else(name: str, fault: Fault) -> None:
    provider = FaultyProvider(fault)
    clients = {"http_client": provider.client, "async_http_client": provider.async_client}
    models = {
        side: OpenAI(model=model, api_key="k", max_retries=0, **clients)
        for side, model in (("strong", "gpt-4o"), ("weak", "gpt-4o-mini"))
    }
    # An answer without choices is an error where it is whole, and an empty answer where it is streamed.
    empty = {"escalate_if": lambda answer: not text_of(answer)} if fault == "empty choices" else {}
    llm = RouteLLM(**models, router=FixedRouter(0.0), threshold=0.5, escalate_on=Exception, **empty)

    assert await WAYS[name](llm) == (ANSWER, [ANSWER])
    assert provider.calls == ["gpt-4o-mini", "gpt-4o"]
    stats = llm.routing_stats()
    assert (stats.weak.calls, stats.strong.calls, stats.escalations) == (1, 1, 1)
