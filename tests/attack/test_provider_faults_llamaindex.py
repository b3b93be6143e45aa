"""LlamaIndex: faults of providers by ways to call by settings, at random: a pair is as good as its model.

The call of a pair ends as the chosen model's own call does, in the same answer or the same error; and where
the other model may take over, as that one's does.
"""

from __future__ import annotations

import pytest

pytest.importorskip("llama_index.core", reason="llama-index-core is not installed")
pytest.importorskip("llama_index.llms.openai", reason="llama-index-llms-openai is not installed")

from llama_index.llms.openai import OpenAI

from llamaindex_routellm import RouteLLM

from tests.attack.provider_faults import KEY, Host
from tests.attack.strength import seeds
from tests.faulty_provider import FaultyProvider
from tests.llamaindex.listening import WAYS

pytestmark = [
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    # Engines that stream ask in a thread of their own, whose error nobody reads.
    pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning"),
]


def chat_model(provider: FaultyProvider, name: str) -> OpenAI:
    clients = {"http_client": provider.client, "async_http_client": provider.async_client}
    return OpenAI(model=name, api_key=KEY, max_retries=0, **clients)


HOST = Host(WAYS, RouteLLM, chat_model)


@pytest.mark.parametrize("seed", seeds(250))
def test_a_call_ends_as_the_models_own(seed: int) -> None:
    HOST.check(seed)
