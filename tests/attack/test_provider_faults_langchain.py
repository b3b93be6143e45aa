"""LangChain: faults of providers by ways to call by settings, at random: a pair is as good as its model.

The call of a pair ends as the chosen model's own call does, in the same answer or the same error; and where
the other model may take over, as that one's does.
"""

from __future__ import annotations

import asyncio
import random
from typing import Any

import pytest

pytest.importorskip("langchain_openai", reason="langchain-openai is not installed")

from langchain_openai import ChatOpenAI

from langchain_routellm import ChatRouteLLM

from tests.attack.strength import seeds
from tests.faulty_provider import ALL_FAULTS, Fault, FaultyProvider
from tests.langchain.listening import WAYS
from tests.routers import FixedRouter

pytestmark = [
    pytest.mark.filterwarnings("ignore::langchain_core._api.LangChainBetaWarning"),
    pytest.mark.filterwarnings("ignore::langchain_core._api.LangChainDeprecationWarning"),
]

MODELS = {"strong": "gpt-4o", "weak": "gpt-4o-mini"}
CERTAIN = ("429", "500", "timeout", "disconnect")
"""Faults that are errors wherever they happen."""

KEY = "sk-0123456789abcdefghijklmn"


def chat_model(provider: FaultyProvider, name: str) -> ChatOpenAI:
    clients = {"http_client": provider.client, "http_async_client": provider.async_client}
    return ChatOpenAI(model=name, api_key=KEY, max_retries=0, **clients)  # type: ignore[arg-type]


def outcome(way: str, llm: Any) -> Any:
    """Return what a call shows, or the kind of its error."""

    async def ask() -> Any:
        return await asyncio.wait_for(WAYS[way](llm), timeout=20)

    try:
        return asyncio.run(ask())
    except Exception as error:
        return type(error)


def alone(way: str, side: str, fault: Fault) -> Any:
    return outcome(way, chat_model(FaultyProvider(fault, MODELS.values()), MODELS[side]))


@pytest.mark.parametrize("seed", seeds(250))
def test_a_call_ends_as_the_models_own(seed: int) -> None:
    chance = random.Random(seed)
    way, fault = chance.choice(list(WAYS)), chance.choice(ALL_FAULTS)
    first, second = chance.sample(list(MODELS), 2)
    failing = chance.choice([[first], [second], [first, second]])
    takes_over = chance.random() < 0.5
    setting = "escalate_on" if first == "weak" else "escalate_strong_on"
    provider = FaultyProvider(fault, [MODELS[side] for side in failing])
    llm = ChatRouteLLM(
        **{side: chat_model(provider, name) for side, name in MODELS.items()},
        router=FixedRouter(0.0 if first == "weak" else 1.0),
        threshold=0.5,
        **({setting: Exception} if takes_over else {}),
    )
    found = outcome(way, llm)

    expected = [alone(way, first, fault if first in failing else "none")]
    if takes_over and first in failing:
        after = alone(way, second, fault if second in failing else "none")
        # Of the others some are no error to some classes, and some hosts make an answer of their own of them.
        expected = [after] if fault in CERTAIN else [*expected, after]
    assert found in expected
    stats = llm.routing_stats()
    assert stats.strong.calls + stats.weak.calls == len(provider.calls)
    assert provider.calls[0] == MODELS[first]
