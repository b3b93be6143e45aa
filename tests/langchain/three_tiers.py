"""Three models behind one score, and every way to ask them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from langchain_core.messages import AIMessage, HumanMessage
from langchain_core.tools import tool

from langchain_routellm import ChatRouteLLM

NAMES = ("nano", "mini", "full")
MODELS = {"nano": "gpt-weak", "mini": "gpt-4o-mini", "full": "gpt-strong"}
EASY, MIDDLING, HARD = "What is it?", "Compare these middling two.", "Prove the hard theorem."
ASKED = list(zip((EASY, MIDDLING, HARD), NAMES, strict=True))
PRICES = {name: {"input": price, "output": price} for name, price in zip(NAMES, (1, 10, 100), strict=True)}

Tiers = Callable[..., ChatRouteLLM]


@tool
def weather(city: str) -> str:
    """Tell the weather of a city."""
    return f"sunny in {city}"


def _stream(llm: Any, text: str) -> AIMessage:
    first, *others = llm.stream(text)
    answer: AIMessage = sum(others, first)
    return answer


async def _astream(llm: Any, text: str) -> AIMessage:
    first, *others = [chunk async for chunk in llm.astream(text)]
    answer: AIMessage = sum(others, first)
    return answer


async def _aevents(llm: Any, text: str) -> AIMessage:
    answer: AIMessage = await (await llm.astream_events(text, version="v3")).output
    return answer


WAYS: dict[str, Callable[[Any, str], Any]] = {
    "invoke": lambda llm, text: llm.invoke(text),
    "ainvoke": lambda llm, text: asyncio.run(llm.ainvoke(text)),
    "stream": _stream,
    "astream": lambda llm, text: asyncio.run(_astream(llm, text)),
    "batch": lambda llm, text: llm.batch([text])[0],
    "abatch": lambda llm, text: asyncio.run(llm.abatch([text]))[0],
    "generate": lambda llm, text: llm.generate([[HumanMessage(text)]]).generations[0][0].message,
    "events": lambda llm, text: llm.stream_events(text, version="v3").output,
    "aevents": lambda llm, text: asyncio.run(_aevents(llm, text)),
}
