"""LangChain: faults of providers by ways to call by settings, at random: a pair is as good as its model.

The call of a pair ends as the chosen model's own call does, in the same answer or the same error; and where
the other model may take over, as that one's does.
"""

from __future__ import annotations

import pytest

pytest.importorskip("langchain_openai", reason="langchain-openai is not installed")

from langchain_openai import ChatOpenAI

from langchain_routellm import ChatRouteLLM

from tests.attack.provider_faults import KEY, Host
from tests.attack.strength import seeds
from tests.faulty_provider import FaultyProvider
from tests.langchain.listening import WAYS

pytestmark = [
    pytest.mark.filterwarnings("ignore::langchain_core._api.LangChainBetaWarning"),
    pytest.mark.filterwarnings("ignore::langchain_core._api.LangChainDeprecationWarning"),
]


def chat_model(provider: FaultyProvider, name: str) -> ChatOpenAI:
    clients = {"http_client": provider.client, "http_async_client": provider.async_client}
    return ChatOpenAI(model=name, api_key=KEY, max_retries=0, **clients)  # type: ignore[arg-type]


HOST = Host(WAYS, ChatRouteLLM, chat_model)


@pytest.mark.parametrize("seed", seeds(250))
def test_a_call_ends_as_the_models_own(seed: int) -> None:
    HOST.check(seed)
