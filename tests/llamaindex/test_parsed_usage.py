"""Objects that OpenAIResponses has its SDK parse: their tokens are counted, and the model stays as it is."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

pytest.importorskip("llama_index.core", reason="llama-index-core is not installed")
pytest.importorskip("llama_index.llms.openai", reason="llama-index-llms-openai is not installed")

from llama_index.core.prompts import PromptTemplate
from llama_index.llms.openai import OpenAIResponses

from examples.stand_in import StandInServer
from tests.llamaindex.endpoints import City

PROMPT = PromptTemplate("Describe {city}.")


def responses(stand_in: StandInServer) -> Any:
    return OpenAIResponses(
        model="gpt-4o-mini", api_base=stand_in.openai_url, api_key="test-key", max_retries=0
    )


async def test_tokens_of_parsed_objects_are_counted(
    pair: Callable[..., Any], stand_in: StandInServer
) -> None:
    weak = responses(stand_in)
    clients = weak._client, weak._aclient
    llm = pair(weak=weak)

    assert isinstance(llm.structured_predict(City, PROMPT, city="Rome"), City)
    first = llm.routing_stats().weak
    assert isinstance(await llm.astructured_predict(City, PROMPT, city="Rome"), City)
    both = llm.routing_stats().weak

    assert (both.calls, both.without_tokens) == (2, 0)
    assert first.tokens.input > 0 < first.tokens.output
    assert both.tokens == first.tokens + first.tokens
    assert (weak._client, weak._aclient) == clients
