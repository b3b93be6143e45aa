"""The eight endpoints: routed, recorded, and otherwise what the model itself gives."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

pytest.importorskip("llama_index.core", reason="llama-index-core is not installed")
pytest.importorskip("llama_index.llms.openai", reason="llama-index-llms-openai is not installed")


from examples.stand_in import StandInServer
from tests.llamaindex.endpoints import ENDPOINTS, responses_of


@pytest.mark.parametrize("method", ENDPOINTS)
@pytest.mark.parametrize(("question", "route"), [("an easy one", "weak"), ("a hard one", "strong")])
async def test_every_response_carries_the_record(
    pair: Callable[..., Any], stand_in: StandInServer, method: str, question: str, route: str
) -> None:
    responses = await responses_of(pair(), method, question)
    score = 0.9 if route == "strong" else 0.1
    for response in responses:
        assert response.additional_kwargs["routellm"] == {
            "route": route,
            "score": score,
            "threshold": 0.5,
            "reason": "score",
            "router": "KeywordRouter",
        }
        assert json.loads(json.dumps(response.additional_kwargs["routellm"]))["route"] == route
        if "chat" in method:
            assert "routellm" not in response.message.additional_kwargs
    assert len(responses) > 1 or "stream" not in method
    assert stand_in.calls() == {"gpt-4o" if route == "strong" else "gpt-4o-mini": 1}
    assert stand_in.refused == []


@pytest.mark.parametrize("method", ENDPOINTS)
async def test_the_answer_is_the_models_own(
    pair: Callable[..., Any], openai: Callable[..., Any], stand_in: StandInServer, method: str
) -> None:
    asked = {"additional_kwargs": {"stream_options": {"include_usage": True}}}
    bare = openai("gpt-4o-mini", **asked)
    direct = (await responses_of(bare, method, "What is 2 + 3?", temperature=0.7))[-1]
    routed = (await responses_of(pair(), method, "What is 2 + 3?", temperature=0.7))[-1]
    assert str(routed) == str(direct)
    assert type(routed.raw) is type(direct.raw)
    assert {**routed.additional_kwargs, "routellm": None} == {**direct.additional_kwargs, "routellm": None}
    first, second = stand_in.bodies("gpt-4o-mini")
    assert first == second


@pytest.mark.parametrize("method", ["complete", "acomplete", "stream_complete", "astream_complete"])
async def test_a_missing_prompt_is_a_value_error(pair: Callable[..., Any], method: str) -> None:
    async def call() -> None:
        await getattr(pair(), method)()

    with pytest.raises(ValueError, match="No prompt provided"):
        await call()


def test_a_formatted_prompt_stays_formatted(
    openai_like: Callable[..., Any], pair: Callable[..., Any]
) -> None:
    def shouted(prompt: str) -> str:
        return prompt.upper()

    llm = pair(weak=openai_like("gpt-4o-mini", completion_to_prompt=shouted))
    assert "BE QUIET" in llm.complete("be quiet").text
    assert "be quiet" in llm.complete("be quiet", formatted=True).text


async def test_a_cached_response_is_not_shared_between_records(pair: Callable[..., Any]) -> None:
    from llama_index.core.base.llms.types import CompletionResponse
    from llama_index.core.llms.mock import MockLLM

    class Cached(MockLLM):
        def complete(self, prompt: str, formatted: bool = False, **kwargs: Any) -> CompletionResponse:
            return kept

    class OwnResponse(CompletionResponse):
        """Of a provider's package."""

    llm = pair(weak=Cached())
    for kept in (CompletionResponse(text="again"), OwnResponse(text="again")):
        first, second = llm.complete("one"), llm.complete("two", formatted=True)
        assert kept.additional_kwargs == {}
        assert first.additional_kwargs["routellm"] is not second.additional_kwargs["routellm"]
        assert type(first) is type(kept)
