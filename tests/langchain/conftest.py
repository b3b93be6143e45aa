"""Fixtures of the LangChain tests: routed pairs of real provider classes against the stand-in server."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

pytest.importorskip("langchain_core", reason="langchain-core is not installed")
pytest.importorskip("langchain_openai", reason="langchain-openai is not installed")

from langchain_openai import ChatOpenAI

from langchain_routellm import ChatRouteLLM

from examples.stand_in import StandInServer
from tests.langchain.three_tiers import MODELS, Tiers
from tests.routers import KeywordRouter, WordsRouter

Pair = Callable[..., ChatRouteLLM]


@pytest.fixture(scope="session")
def server() -> Iterator[StandInServer]:
    """One server for all tests that do not look at its records."""
    with StandInServer() as running:
        yield running


def chat_openai(server: StandInServer, model: str, **settings: Any) -> ChatOpenAI:
    """Make a real ChatOpenAI that speaks to the server."""
    given = {"base_url": server.openai_url, "api_key": "test-key", "max_retries": 0, "stream_usage": True}
    return ChatOpenAI(model=model, **{**given, **settings})


def chat_anthropic(server: StandInServer, model: str, **settings: Any) -> Any:
    """Make a real ChatAnthropic that speaks to the server."""
    anthropic = pytest.importorskip("langchain_anthropic", reason="langchain-anthropic is not installed")
    given = {"base_url": server.anthropic_url, "api_key": "test-key", "max_retries": 0, "max_tokens": 512}
    return anthropic.ChatAnthropic(model=model, **{**given, **settings})


@pytest.fixture
def pair(stand_in: StandInServer) -> Pair:
    """Make a ChatRouteLLM of two ChatOpenAI; a prompt with the word "hard" goes to strong."""

    def make(**settings: Any) -> ChatRouteLLM:
        given: dict[str, Any] = {"router": KeywordRouter("hard"), "threshold": 0.5}
        if "strong_share" in settings:
            del given["threshold"]
        models = {"strong": chat_openai(stand_in, "gpt-strong"), "weak": chat_openai(stand_in, "gpt-weak")}
        return ChatRouteLLM(**{**models, **given, **settings})

    return make


@pytest.fixture
def mixed_pair(stand_in: StandInServer, pair: Pair) -> Pair:
    """Make a ChatRouteLLM of ChatOpenAI as strong and ChatAnthropic as weak."""

    def make(**settings: Any) -> ChatRouteLLM:
        return pair(**{"weak": chat_anthropic(stand_in, "claude-weak"), **settings})

    return make


@pytest.fixture
def tiers(stand_in: StandInServer) -> Tiers:
    """Make a router of three models, which scores by the words "hard" and "middling"."""

    def make(mini: Any = None, **settings: Any) -> ChatRouteLLM:
        models = {name: chat_openai(stand_in, model) for name, model in MODELS.items()}
        given = {"router": WordsRouter(hard=0.9, middling=0.5), "thresholds": (0.3, 0.7)}
        if {"shares", "threshold"} & settings.keys():
            del given["thresholds"]
        return ChatRouteLLM.from_tiers(models | ({"mini": mini} if mini else {}), **{**given, **settings})

    return make
