"""Each way of LangChain's hosts to listen, by each way of a provider to fail before the first token.

Whoever listens is shown the answer of the model that took over, whole and once, and nothing of the other.
"""

from __future__ import annotations

import pytest
from langchain_openai import ChatOpenAI

from langchain_routellm import ChatRouteLLM

from tests.faulty_provider import BEFORE_THE_FIRST_TOKEN, Fault, FaultyProvider, answer_of
from tests.langchain.listening import WAYS
from tests.routers import FixedRouter

pytestmark = [
    pytest.mark.filterwarnings("ignore::langchain_core._api.LangChainBetaWarning"),
    pytest.mark.filterwarnings("ignore::langchain_core._api.LangChainDeprecationWarning"),
]

ANSWER = answer_of("gpt-4o")


@pytest.mark.parametrize("fault", BEFORE_THE_FIRST_TOKEN)
@pytest.mark.parametrize("name", WAYS)
async def test_the_answer_that_took_over_is_shown_once_and_nothing_else(name: str, fault: Fault) -> None:
    provider = FaultyProvider(fault)
    given = {"api_key": "k", "max_retries": 0}
    clients = {"http_client": provider.client, "http_async_client": provider.async_client}
    models = {
        side: ChatOpenAI(model=model, **given, **clients)  # type: ignore[arg-type]
        for side, model in (("strong", "gpt-4o"), ("weak", "gpt-4o-mini"))
    }
    # An answer without choices is an error where it is whole, and an empty answer where it is streamed.
    empty = {"escalate_if": lambda message: not message.text} if fault == "empty choices" else {}
    llm = ChatRouteLLM(**models, router=FixedRouter(0.0), threshold=0.5, escalate_on=Exception, **empty)

    assert await WAYS[name](llm) == (ANSWER, [ANSWER])
    assert provider.calls == ["gpt-4o-mini", "gpt-4o"]
    stats = llm.routing_stats()
    assert (stats.weak.calls, stats.strong.calls, stats.escalations) == (1, 1, 1)
