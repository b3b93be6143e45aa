"""Pairs in production: without a network, priced, and asked in every way."""

from __future__ import annotations

import functools
import operator
from pathlib import Path
from typing import Any, cast

from langchain_core.language_models import FakeListChatModel
from langchain_core.messages import AIMessage, HumanMessage

from langchain_routellm import ChatRouteLLM
from routellm_core import Disagreement

from examples.stand_in import StandInServer
from tests.langchain.conftest import chat_openai
from tests.pair_operation import NumberRouter, rows_of
from tests.routers import KeywordRouter
from tests.two_opinions import CHECKER, STRONG, WEAK


def offline(**settings: Any) -> ChatRouteLLM:
    models = {side: FakeListChatModel(responses=[side]) for side in ("strong", "weak")}
    return ChatRouteLLM(**{**models, "router": NumberRouter(), **settings})


def record(llm: Any, prompt: str) -> dict[str, Any]:
    found: dict[str, Any] = llm.invoke(prompt).response_metadata["routellm"]
    return found


PRICED = {"strong": {"input": 1e6, "output": 0.0}, "weak": {"input": 1e5, "output": 0.0}}

SHADOW = {"mode": "shadow", "shadow_sample": 1.0, "log_text": True, "prices": PRICED}


def shadowed(llm: ChatRouteLLM, path: Path) -> list[dict[str, Any]]:
    """The rows of what weak answered in the background."""
    sample = llm.switchboard.dispatcher.sample
    assert sample is not None
    assert sample.flush()
    return [row for row in rows_of(llm, path) if "answers_of" in row]


async def answered(llm: ChatRouteLLM, how: str, config: Any) -> AIMessage:
    if how == "invoke":
        return llm.invoke("an easy question", config)
    if how == "ainvoke":
        return await llm.ainvoke("an easy question", config)
    if how == "generate":
        found = llm.generate([[HumanMessage("an easy question")]], callbacks=config["callbacks"])
        message = found.generations[0][0].message  # type: ignore[union-attr]
        assert isinstance(message, AIMessage)
        return message
    if how == "v3":
        return cast(AIMessage, llm.stream_events("an easy question", config, version="v3").output)
    chunks: list[Any] = (
        list(llm.stream("an easy question", config))
        if how == "stream"
        else [chunk async for chunk in llm.astream("an easy question", config)]
    )
    return cast(AIMessage, functools.reduce(operator.add, chunks))


def trio(server: StandInServer, rule: dict[str, Any] | None = None, **settings: Any) -> ChatRouteLLM:
    """A pair with a checker, all on one server; "hard" goes to strong."""
    given: dict[str, Any] = {"router": KeywordRouter("hard"), "threshold": 0.5, **settings}
    return ChatRouteLLM(
        strong=chat_openai(server, STRONG),
        weak=chat_openai(server, WEAK),
        escalate_if=Disagreement(chat_openai(server, CHECKER), **(rule or {})),
        **given,
    )
