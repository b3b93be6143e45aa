"""Fixtures of the LlamaIndex tests: routed pairs of real provider classes against the stand-in server.

Nothing of LlamaIndex is imported here: each test file skips by name where it is missing.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from routellm_core import Disagreement

from examples.stand_in import StandInServer
from tests.routers import KeywordRouter
from tests.two_opinions import CHECKER, STRONG, WEAK


@pytest.fixture
async def clients() -> AsyncIterator[dict[str, Any]]:
    """HTTP clients for OpenAI's classes, which leave closing them to whoever is done."""
    httpx = pytest.importorskip("httpx", reason="httpx is not installed")
    with httpx.Client() as sync:
        async with httpx.AsyncClient() as awaiting:
            yield {"http_client": sync, "async_http_client": awaiting}


@pytest.fixture
def openai(stand_in: StandInServer, clients: dict[str, Any]) -> Callable[..., Any]:
    """Make a real OpenAI that speaks to the server."""
    module = pytest.importorskip("llama_index.llms.openai", reason="llama-index-llms-openai is not installed")

    def make(model: str, **settings: Any) -> Any:
        given = {**clients, "api_key": "sk-test-key", "api_base": stand_in.openai_url, "max_retries": 0}
        return module.OpenAI(model=model, **{**given, **settings})

    return make


@pytest.fixture
def openai_like(stand_in: StandInServer, clients: dict[str, Any]) -> Callable[..., Any]:
    """Make a real OpenAILike that speaks to the server."""
    module = pytest.importorskip(
        "llama_index.llms.openai_like", reason="llama-index-llms-openai-like is not installed"
    )

    def make(model: str, **settings: Any) -> Any:
        given = {
            **clients,
            "api_key": "sk-test-key",
            "api_base": stand_in.openai_url,
            "max_retries": 0,
            "is_chat_model": True,
            "context_window": 16_000,
        }
        return module.OpenAILike(model=model, **{**given, **settings})

    return make


@pytest.fixture
def pair(openai: Callable[..., Any]) -> Callable[..., Any]:
    """Make a RouteLLM of gpt-4o and gpt-4o-mini; a question with the word "hard" goes to strong."""
    from llamaindex_routellm import RouteLLM

    def make(**settings: Any) -> RouteLLM:
        given: dict[str, Any] = {"router": KeywordRouter("hard")}
        if not {"threshold", "strong_share"} & set(settings):
            given["threshold"] = 0.5
        for side, model in (("strong", "gpt-4o"), ("weak", "gpt-4o-mini")):
            if side not in settings:
                given[side] = openai(model)
        return RouteLLM(**{**given, **settings})

    return make


@pytest.fixture
def trio(openai: Callable[..., Any]) -> Callable[..., Any]:
    """Make a routed pair with a checker, all on one server."""
    from llamaindex_routellm import RouteLLM

    def make(server: StandInServer, rule: dict[str, Any] | None = None, **settings: Any) -> RouteLLM:
        strong, weak, checker = (openai(name, api_base=server.openai_url) for name in (STRONG, WEAK, CHECKER))
        given: dict[str, Any] = {"router": KeywordRouter("hard"), "threshold": 0.5, **settings}
        given["escalate_if"] = Disagreement(checker, **(rule or {}))
        return RouteLLM(strong=strong, weak=weak, **given)

    return make


@pytest.fixture
def router() -> KeywordRouter:
    """A router that sends "hard" questions to strong and remembers what it scored."""
    return KeywordRouter("hard")
