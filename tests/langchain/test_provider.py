"""Providers and models are told apart by what classes and answers say of themselves."""

from __future__ import annotations

from typing import Any

import pytest

pytest.importorskip("langchain_openai", reason="langchain-openai is not installed")

from langchain_core.messages import AIMessage
from langchain_openai import AzureChatOpenAI, ChatOpenAI

from langchain_routellm.authorship import Authorship
from langchain_routellm.provider import interchangeable, model_name, provider_named, same_model, speaks
from langchain_routellm.side import Side


@pytest.mark.parametrize(
    ("text", "provider"),
    [
        ("openai-chat", "openai"),
        ("azure-openai-chat", "openai"),
        ("anthropic-chat", "anthropic"),
        ("anthropic-chat-vertexai", "anthropic"),
        ("amazon_bedrock_converse_chat", "bedrock"),
        ("chat-google-generative-ai", "google"),
        ("mistralai-chat", "mistral"),
        ("chat-ollama", "ollama"),
        ("chat-deepseek", "chatdeepseek"),
    ],
)
def test_a_class_names_its_provider(text: str, provider: str) -> None:
    assert provider_named(text) == provider


def test_an_answer_names_its_provider_in_other_words() -> None:
    assert speaks("google", "google_genai")
    assert speaks("chatdeepseek", "deepseek")
    assert not speaks("ollama", "google_genai")
    assert not speaks("chatdeepseek", "openai")


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("gpt-4o", "gpt-4o-2024-08-06", True),
        ("gpt-4", "gpt-4-0613", True),
        ("gpt-4o", "gpt-4o-mini-2024-07-18", False),
        ("claude-sonnet-4", "claude-sonnet-4-5-20250929", False),
        ("claude-3-5-sonnet-latest", "claude-3-5-sonnet-20241022", True),
        ("models/gemini-2.5-pro", "gemini-2.5-pro", True),
    ],
)
def test_a_version_is_no_other_model(one: str, other: str, same: bool) -> None:
    assert same_model(one, other) is same


def side(route: Any, **settings: Any) -> Side:
    return Side(route, ChatOpenAI(**{"model": "gpt-4o", "api_key": "key", **settings}))


@pytest.mark.parametrize(
    ("settings", "same"),
    [
        ({"temperature": 0.5}, True),
        ({"model": "gpt-4o-mini"}, False),
        ({"api_key": "another"}, False),
        ({"base_url": "http://elsewhere"}, False),
        ({"use_responses_api": True}, False),
        ({"store": False}, False),
    ],
)
def test_one_model_of_one_account_is_interchangeable(settings: dict[str, Any], same: bool) -> None:
    assert interchangeable(side("strong"), side("weak", **settings)) is same


def test_one_model_bound_in_two_ways_is_interchangeable() -> None:
    model = ChatOpenAI(model="gpt-4o", api_key="key")  # type: ignore[arg-type]
    strong = Side("strong", model, {"reasoning_effort": "high"})
    assert interchangeable(strong, Side("weak", model, {"reasoning_effort": "low"}))
    assert not interchangeable(strong, Side("weak", model, {"model": "gpt-4o-mini"}))


def test_a_deployments_answers_are_its_own_whatever_they_are_named() -> None:
    azure = AzureChatOpenAI(
        azure_deployment="mine", azure_endpoint="http://elsewhere", api_key="key", api_version="2025-01-01"
    )
    strong = Side("strong", azure)
    assert model_name(strong) is None
    metadata = {"model_provider": "openai", "model_name": "gpt-5-2025-08-07", "routellm": {"route": "strong"}}
    message = AIMessage("x", response_metadata=metadata)
    assert Authorship(strong, [side("weak")]).author(message) == "own"
    assert Authorship(side("weak"), [strong]).author(message) == "stranger"


@pytest.mark.parametrize(
    ("metadata", "author"),
    [
        ({}, "own"),
        ({"model_provider": "openai", "model_name": "gpt-4o-2024-08-06"}, "own"),
        ({"model_provider": "openai", "model_name": "o3"}, "sibling"),
        ({"model_provider": "anthropic", "routellm": {"route": "strong"}}, "stranger"),
    ],
)
def test_one_model_on_both_sides_takes_all_that_it_made(metadata: dict[str, Any], author: str) -> None:
    message = AIMessage([{"type": "text", "text": "x"}], response_metadata=metadata)
    assert Authorship(side("strong"), [side("weak", temperature=0.5)]).author(message) == author
