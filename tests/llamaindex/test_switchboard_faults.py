"""Each way of LlamaIndex's hosts to listen, by each way of a provider to fail before the first token.

Whoever listens is shown the answer of the model that took over, whole and once, and nothing of the other.
"""

from __future__ import annotations

import pytest

pytest.importorskip("llama_index.core", reason="llama-index-core is not installed")
pytest.importorskip("llama_index.llms.openai", reason="llama-index-llms-openai is not installed")

from llama_index.llms.openai import OpenAI

from llamaindex_routellm import RouteLLM

from tests.faulty_provider import BEFORE_THE_FIRST_TOKEN, Fault, FaultyProvider, answer_of
from tests.llamaindex.listening import WAYS, text_of
from tests.routers import FixedRouter

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")

ANSWER = answer_of("gpt-4o")


@pytest.mark.parametrize("fault", BEFORE_THE_FIRST_TOKEN)
@pytest.mark.parametrize("name", WAYS)
async def test_the_answer_that_took_over_is_shown_once_and_nothing_else(name: str, fault: Fault) -> None:
    provider = FaultyProvider(fault)
    clients = {"http_client": provider.client, "async_http_client": provider.async_client}
    models = {
        side: OpenAI(model=model, api_key="k", max_retries=0, **clients)
        for side, model in (("strong", "gpt-4o"), ("weak", "gpt-4o-mini"))
    }
    # An answer without choices is an error where it is whole, and an empty answer where it is streamed.
    empty = {"escalate_if": lambda answer: not text_of(answer)} if fault == "empty choices" else {}
    llm = RouteLLM(**models, router=FixedRouter(0.0), threshold=0.5, escalate_on=Exception, **empty)

    assert await WAYS[name](llm) == (ANSWER, [ANSWER])
    assert provider.calls == ["gpt-4o-mini", "gpt-4o"]
    stats = llm.routing_stats()
    assert (stats.weak.calls, stats.strong.calls, stats.escalations) == (1, 1, 1)
