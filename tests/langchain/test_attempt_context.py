"""Bindings, retries and wrappers look for the run around them: of them, too, no rejected answer is shown."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import BaseMessage, HumanMessage
from langchain_core.outputs import ChatGeneration, ChatResult
from langchain_core.runnables import ConfigurableField, Runnable, RunnableLambda
from langchain_core.runnables.config import var_child_runnable_config

from routellm_core import Disagreement

from examples.stand_in import StandInServer
from tests.langchain.conftest import Pair, chat_openai
from tests.langchain.heard import Listener, of_events

EASY = "What is the capital of France?"


def convert(celsius: float) -> str:
    """Convert degrees."""
    return f"{celsius}"


def retried(model: BaseChatModel) -> Runnable[Any, Any]:
    return model.with_retry(stop_after_attempt=1)


def configurable(model: BaseChatModel) -> Runnable[Any, Any]:
    return model.configurable_fields(temperature=ConfigurableField("heat")).with_retry(stop_after_attempt=1)


class Wrapper(BaseChatModel):
    """A model of somebody's own, which asks another one without a configuration."""

    inner: Any

    def _generate(self, messages: list[BaseMessage], *args: Any, **kwargs: Any) -> ChatResult:
        return ChatResult(generations=[ChatGeneration(message=self.inner.invoke(messages))])

    def bind_tools(self, tools: Any, **kwargs: Any) -> Runnable[Any, Any]:
        return self.bind()

    @property
    def _llm_type(self) -> str:
        return "wrapper"


def wrapped(model: BaseChatModel) -> Runnable[Any, Any]:
    return Wrapper(inner=model)


SIDES = {"plain": lambda model: model, "retried": retried, "configurable": configurable, "wrapped": wrapped}

Called = Callable[[Runnable[Any, Any], str], Any]


async def ainvoked(model: Runnable[Any, Any], text: str) -> Any:
    return await model.ainvoke(text)


async def astreamed(model: Runnable[Any, Any], text: str) -> Any:
    return [chunk async for chunk in model.astream(text)]


CALLS: dict[str, Called] = {
    "invoke": lambda model, text: model.invoke(text),
    "stream": lambda model, text: list(model.stream(text)),
    "ainvoke": ainvoked,
    "astream": astreamed,
}


async def events(node: Runnable[Any, Any], listener: Listener) -> AsyncIterator[Any]:
    async for event in node.astream_events(EASY, {"callbacks": [listener]}, version="v2"):
        yield event


@pytest.mark.parametrize("tools", [True, False], ids=["tools", "none"])
@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("side", SIDES)
async def test_a_node_shows_the_answer_that_stands(
    pair: Pair, stand_in: StandInServer, side: str, call: str, tools: bool
) -> None:
    weak = SIDES[side](chat_openai(stand_in, "gpt-weak"))
    llm = pair(weak=weak, escalate_if=lambda message: True)
    model: Runnable[Any, Any] = llm.bind_tools([convert]) if tools else llm
    asked, called, listener = CALLS[call], [], Listener()

    def node(text: str) -> str:
        called.append(asked(model, text))
        return "done"

    async def anode(text: str) -> str:
        called.append(await asked(model, text))
        return "done"

    made: RunnableLambda[str, str] = RunnableLambda(anode if call.startswith("a") else node)
    text, ends = of_events([event async for event in events(made, listener)])
    assert (text.count("[gpt-"), text.count("[gpt-strong]"), len(ends)) == (1, 1, 1)
    assert "[gpt-weak]" not in listener.text
    assert called
    assert llm.routing_stats().escalations == 1


@pytest.mark.parametrize("tools", [True, False], ids=["tools", "none"])
@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("side", ["plain", "retried", "configurable"])
async def test_a_handler_of_the_calls_own_hears_each_event_once(
    pair: Pair, stand_in: StandInServer, side: str, call: str, tools: bool
) -> None:
    llm = pair(weak=SIDES[side](chat_openai(stand_in, "gpt-weak")), escalate_if=lambda message: False)
    model: Runnable[Any, Any] = llm.bind_tools([convert]) if tools else llm
    alone, inside, outer = Listener(), Listener(), Listener()

    async def node(text: str) -> str:
        found = CALLS[call](model.with_config(callbacks=[inside]), text)
        if call.startswith("a"):
            await found
        return "done"

    found = CALLS[call](model.with_config(callbacks=[alone]), EASY)
    if call.startswith("a"):
        await found
    await RunnableLambda(node).ainvoke(EASY, {"callbacks": [outer]})
    assert inside.shown == alone.shown
    assert len(alone.ends) == 1


@pytest.mark.parametrize("tools", [[convert], []], ids=["tools", "none"])
async def test_an_agents_messages_are_of_the_answer_that_stands(pair: Pair, tools: list[Any]) -> None:
    agents = pytest.importorskip("langchain.agents", reason="langchain is not installed")
    agent = agents.create_agent(pair(escalate_if=lambda message: True), tools)
    said: Any = {"messages": [HumanMessage(EASY)]}
    whole = "".join(message.text for message, _ in agent.stream(said, stream_mode="messages"))
    awaited = "".join(
        [message.text async for message, _ in agent.astream(said, stream_mode="messages")],
    )
    assert whole == awaited
    assert (whole.count("[gpt-"), whole.count("[gpt-strong]")) == (1, 1)


@pytest.mark.parametrize("tools", [True, False], ids=["tools", "none"])
async def test_events_of_a_bare_pair_are_those_of_one_model(pair: Pair, tools: bool) -> None:
    llm = pair()
    model: Runnable[Any, Any] = llm.bind_tools([convert]) if tools else llm
    text, _ = of_events([event async for event in model.astream_events(EASY, version="v2")])
    assert text.count("[gpt-weak]") == 1


async def test_the_callers_own_run_is_there_again_between_the_chunks(pair: Pair) -> None:
    llm, seen = pair(escalate_if=lambda message: True), []

    async def node(text: str) -> str:
        around = var_child_runnable_config.get()
        async for _ in llm.astream(text):
            seen.append(var_child_runnable_config.get() is around)
        for _ in llm.stream(text):
            seen.append(var_child_runnable_config.get() is around)
        await llm.ainvoke(text)
        seen.append(var_child_runnable_config.get() is around)
        return "done"

    assert [event async for event in events(RunnableLambda(node), Listener())]
    assert len(seen) > 3
    assert all(seen)


@pytest.mark.parametrize("tools", [True, False], ids=["tools", "none"])
@pytest.mark.parametrize("checker", ["plain", "wrapped"])
@pytest.mark.parametrize("call", CALLS)
async def test_nothing_of_a_checker_is_shown(
    pair: Pair, stand_in: StandInServer, call: str, checker: str, tools: bool
) -> None:
    other = SIDES[checker](chat_openai(stand_in, "gpt-4o-mini"))
    llm, listener = pair(escalate_if=Disagreement(other, same=lambda one, other: True)), Listener()
    model: Runnable[Any, Any] = llm.bind_tools([convert]) if tools else llm

    def node(text: str) -> Any:
        return CALLS[call](model, text)

    async def anode(text: str) -> Any:
        return await CALLS[call](model, text)

    made: RunnableLambda[str, Any] = RunnableLambda(anode if call.startswith("a") else node)
    text, ends = of_events([event async for event in events(made, listener)])
    assert (text.count("[gpt-"), text.count("[gpt-weak]"), len(ends)) == (1, 1, 1)
    assert "[gpt-4o-mini]" not in listener.text
    assert llm.routing_stats().checker.calls == 1
