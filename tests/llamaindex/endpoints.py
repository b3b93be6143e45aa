"""The endpoints of an LLM, called whichever way each wants to be called, and what to call them with."""

from __future__ import annotations

from typing import Any

from llama_index.core.base.llms.types import ChatMessage, MessageRole
from llama_index.core.prompts import PromptTemplate
from llama_index.core.tools import FunctionTool
from pydantic import BaseModel

ENDPOINTS = [
    "chat",
    "achat",
    "stream_chat",
    "astream_chat",
    "complete",
    "acomplete",
    "stream_complete",
    "astream_complete",
]


async def responses_of(llm: Any, method: str, text: str, **kwargs: Any) -> list[Any]:
    """Call an endpoint whichever way it wants to be called; return all its responses."""
    given = [ChatMessage(role=MessageRole.USER, content=text)] if "chat" in method else text
    result = getattr(llm, method)(given, **kwargs)
    if method.startswith("a"):
        result = await result
    if "stream" not in method:
        return [result]
    if method.startswith("a"):
        return [response async for response in result]
    return list(result)


def multiply(a: float, b: float) -> float:
    """Multiply two numbers."""
    return a * b


TOOLS = [FunctionTool.from_defaults(multiply)]

WITH_TOOLS = ["chat_with_tools", "achat_with_tools", "stream_chat_with_tools", "astream_chat_with_tools"]


async def last_response(llm: Any, method: str, *args: Any, **kwargs: Any) -> Any:
    """Call a tool method; for a stream, return its last response."""
    result = getattr(llm, method)(*args, **kwargs)
    if method.startswith("a"):
        result = await result
    if "stream" not in method:
        return result
    return ([each async for each in result] if method.startswith("a") else list(result))[-1]


class City(BaseModel):
    """A city and its people."""

    name: str
    people: int


PROMPT = PromptTemplate("Describe {city}, with a number of people such as 12.")


async def result_of(llm: Any, method: str, *args: Any, **kwargs: Any) -> Any:
    """Call a template method; for a stream, return its last item or all its text."""
    result = getattr(llm, method)(*args, **kwargs)
    if method.startswith("a"):
        result = await result
    if "stream" not in method:
        return result
    steps = [step async for step in result] if method.startswith("a") else list(result)
    return "".join(steps) if isinstance(steps[0], str) else steps[-1]
