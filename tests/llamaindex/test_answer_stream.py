"""A streamed answer of weak is judged whole, and one that is rejected is never shown."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

pytest.importorskip("llama_index.core", reason="llama-index-core is not installed")
pytest.importorskip("llama_index.llms.openai", reason="llama-index-llms-openai is not installed")

from llama_index.core.agent.workflow import AgentStream, FunctionAgent
from llama_index.core.base.llms.types import ChatMessage, ChatResponse, CompletionResponse
from llama_index.core.chat_engine import SimpleChatEngine
from llama_index.core.memory import ChatMemoryBuffer
from llama_index.core.prompts import PromptTemplate

from examples.stand_in import StandInServer
from tests.llamaindex.endpoints import ENDPOINTS, PROMPT, TOOLS, WITH_TOOLS, City

Pair = Callable[..., Any]

EASY = "Tell me an easy one, please."
STREAMS = [method for method in (*ENDPOINTS, *WITH_TOOLS) if "stream" in method]
TEMPLATE_STREAMS = ["stream", "astream"]
OBJECT_STREAMS = ["stream_structured_predict", "astream_structured_predict"]


class Judge:
    """Rejects the first answers that it sees."""

    def __init__(self, rejected: int) -> None:
        self.left = rejected
        self.seen: list[Any] = []

    def __call__(self, answer: Any) -> bool:
        self.seen.append(answer)
        self.left -= 1
        return self.left >= 0


def arguments(method: str) -> tuple[tuple[Any, ...], dict[str, Any]]:
    if method in WITH_TOOLS:
        return (TOOLS, EASY), {}
    if method in TEMPLATE_STREAMS:
        return (PromptTemplate("Answer: {query_str}"),), {"query_str": EASY}
    if method in OBJECT_STREAMS:
        return (City, PROMPT), {"city": "Rome"}
    return ([ChatMessage(EASY)],) if "chat" in method else (EASY,), {}


async def steps_of(llm: Any, method: str) -> list[Any]:
    args, kwargs = arguments(method)
    result = getattr(llm, method)(*args, **kwargs)
    if method.startswith("a"):
        return [step async for step in await result]
    return list(result)


@pytest.mark.parametrize("method", [*STREAMS, *TEMPLATE_STREAMS])
async def test_a_rejected_answer_is_never_shown_in_a_stream(
    pair: Pair, stand_in: StandInServer, method: str
) -> None:
    judge = Judge(rejected=1)
    llm = pair(escalate_if=judge)
    steps = await steps_of(llm, method)
    shown = " ".join(map(str, steps))
    assert "[gpt-4o]" in shown
    assert "mini" not in shown
    assert [str(answer).count("[gpt-4o-mini]") for answer in judge.seen] == [1]
    assert EASY in str(judge.seen[0])
    assert {step.additional_kwargs["routellm"]["reason"] for step in steps if not isinstance(step, str)} <= {
        "escalated"
    }
    assert stand_in.calls() == {"gpt-4o-mini": 1, "gpt-4o": 1}
    assert llm.routing_stats().escalations == 1


@pytest.mark.parametrize("method", [*STREAMS, *TEMPLATE_STREAMS, *OBJECT_STREAMS])
async def test_what_stands_is_streamed_as_without_a_judge(
    pair: Pair, stand_in: StandInServer, method: str
) -> None:
    judge = Judge(rejected=0)
    steps, plain = await steps_of(pair(escalate_if=judge), method), await steps_of(pair(), method)
    assert len(steps) == len(plain) > 1
    assert len(judge.seen) == 1
    if isinstance(steps[-1], ChatResponse | CompletionResponse):
        assert [step.delta for step in steps] == [step.delta for step in plain]
        assert judge.seen[0].raw is steps[-1].raw
    else:
        assert judge.seen[0] == ("".join(steps) if method in TEMPLATE_STREAMS else steps[-1])
    assert stand_in.calls() == {"gpt-4o-mini": 2}


@pytest.mark.parametrize("method", OBJECT_STREAMS)
async def test_a_rejected_object_is_never_shown(pair: Pair, stand_in: StandInServer, method: str) -> None:
    judge = Judge(rejected=1)
    steps = await steps_of(pair(escalate_if=judge), method)
    assert type(judge.seen[0]) is type(steps[-1])
    assert stand_in.calls() == {"gpt-4o-mini": 1, "gpt-4o": 1}
    assert len(judge.seen) == 1


def test_strong_streams_at_once_and_is_not_judged(pair: Pair) -> None:
    judge = Judge(rejected=9)
    stream = pair(escalate_if=judge).stream_complete("a hard one")
    assert next(stream).additional_kwargs["routellm"]["reason"] == "score"
    stream.close()
    assert judge.seen == []


async def test_hosts_show_and_remember_only_what_stands(pair: Pair) -> None:
    memory = ChatMemoryBuffer.from_defaults(token_limit=8_000)
    engine = SimpleChatEngine.from_defaults(llm=pair(escalate_if=Judge(rejected=1)), memory=memory)
    told = "".join(engine.stream_chat(EASY).response_gen)
    assert "mini" not in told + str(memory.get_all())
    response = await SimpleChatEngine.from_defaults(
        llm=pair(escalate_if=Judge(rejected=1)), memory=memory
    ).astream_chat(EASY)
    assert "mini" not in "".join([token async for token in response.async_response_gen()])


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
async def test_an_agent_that_streams_shows_only_what_stands(pair: Pair) -> None:
    agent = FunctionAgent(llm=pair(escalate_if=Judge(rejected=1)), tools=TOOLS)
    handler = agent.run(EASY)
    events = [event async for event in handler.stream_events()]
    told = "".join(event.delta for event in events if isinstance(event, AgentStream))
    assert "[gpt-4o]" in told
    assert "mini" not in told + str(await handler)


def test_tokens_of_a_rejected_stream_are_counted_once(openai: Callable[..., Any], pair: Pair) -> None:
    asked = {"additional_kwargs": {"stream_options": {"include_usage": True}}}
    prices = {"strong": {"input": 1, "output": 1}, "weak": {"input": 1, "output": 1}}
    llm = pair(
        strong=openai("gpt-4o", **asked),
        weak=openai("gpt-4o-mini", **asked),
        prices=prices,
        escalate_if=Judge(rejected=1),
    )
    list(llm.stream_complete(EASY))
    stats = llm.routing_stats()
    assert (stats.weak.without_tokens, stats.strong.without_tokens) == (0, 0)
    assert stats.cost is not None
    assert stats.always_strong_cost is not None
    assert stats.cost - stats.always_strong_cost == pytest.approx(stats.weak.cost)
