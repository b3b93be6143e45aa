"""Failures, escalation and shadow mode."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

pytest.importorskip("llama_index.core", reason="llama-index-core is not installed")
pytest.importorskip("llama_index.llms.openai", reason="llama-index-llms-openai is not installed")

import openai as sdk
from llama_index.core.base.llms.types import ChatMessage, ChatResponse

from routellm_core import RouterError, RouterWarning

from examples.stand_in import StandInServer
from tests.llamaindex.endpoints import ENDPOINTS, PROMPT, TOOLS, City, responses_of, result_of
from tests.routers import FailingRouter


@pytest.mark.parametrize("method", ENDPOINTS)
async def test_escalate_on(pair: Callable[..., Any], stand_in: StandInServer, method: str) -> None:
    stand_in.fail_next("gpt-4o-mini", 429)
    llm = pair(escalate_on=(sdk.RateLimitError,))
    for response in await responses_of(llm, method, "an easy one"):
        assert response.additional_kwargs["routellm"]["route"] == "strong"
        assert response.additional_kwargs["routellm"]["reason"] == "escalated"
    assert stand_in.calls() == {"gpt-4o-mini": 1, "gpt-4o": 1}
    stats = llm.routing_stats()
    assert (stats.requests, stats.escalations, stats.reasons) == (1, 1, {"score": 1})


@pytest.mark.parametrize("method", ENDPOINTS)
async def test_errors_reach_the_caller_unchanged_by_default(
    pair: Callable[..., Any], stand_in: StandInServer, method: str
) -> None:
    stand_in.fail_next("gpt-4o-mini", 429)
    with pytest.raises(sdk.RateLimitError):
        await responses_of(pair(), method, "an easy one")
    stand_in.fail_next("gpt-4o", 500)
    with pytest.raises(sdk.InternalServerError):
        await responses_of(pair(escalate_on=(sdk.InternalServerError,)), method, "a hard one")
    assert stand_in.calls() == {"gpt-4o-mini": 1, "gpt-4o": 1}


@pytest.mark.parametrize("method", ["chat", "achat", "stream_chat", "astream_chat"])
async def test_escalate_strong_on(pair: Callable[..., Any], stand_in: StandInServer, method: str) -> None:
    stand_in.fail_next("gpt-4o", 503)
    llm = pair(escalate_strong_on=sdk.InternalServerError)
    response = (await responses_of(llm, method, "a hard one"))[-1]
    assert response.additional_kwargs["routellm"]["route"] == "weak"
    assert stand_in.calls() == {"gpt-4o": 1, "gpt-4o-mini": 1}


@pytest.mark.parametrize("method", ["chat", "stream_chat", "astream_chat"])
async def test_a_second_failure_is_the_callers(
    pair: Callable[..., Any], stand_in: StandInServer, method: str
) -> None:
    stand_in.fail_next("gpt-4o-mini", 429)
    stand_in.fail_next("gpt-4o", 429)
    settings = {"escalate_on": (sdk.RateLimitError,), "escalate_strong_on": (sdk.RateLimitError,)}
    with pytest.raises(sdk.RateLimitError):
        await responses_of(pair(**settings), method, "an easy one")
    assert stand_in.calls() == {"gpt-4o-mini": 1, "gpt-4o": 1}


@pytest.mark.parametrize("method", ["stream_chat", "astream_chat", "stream_complete", "astream_complete"])
async def test_nothing_after_the_first_token_is_retried(
    pair: Callable[..., Any], stand_in: StandInServer, method: str
) -> None:
    stand_in.fail_next("gpt-4o-mini", 0, after_chunks=3)
    llm = pair(escalate_on=(Exception,))
    with pytest.raises(Exception, match=r"(?i)connection|closed|peer|chunk|error"):
        await responses_of(llm, method, "an easy one, with some words in it")
    assert stand_in.calls() == {"gpt-4o-mini": 1}


@pytest.mark.parametrize("method", ["predict", "apredict", "stream", "astream"])
async def test_templates_escalate_too(pair: Callable[..., Any], stand_in: StandInServer, method: str) -> None:
    stand_in.fail_next("gpt-4o-mini", 429)
    llm = pair(escalate_on=(sdk.RateLimitError,))
    assert "[gpt-4o]" in await result_of(llm, method, PROMPT, city="Rome")
    assert stand_in.calls() == {"gpt-4o-mini": 1, "gpt-4o": 1}


@pytest.mark.parametrize("method", ["chat", "achat", "complete", "acomplete"])
async def test_escalate_if(pair: Callable[..., Any], stand_in: StandInServer, method: str) -> None:
    seen: list[str] = []

    def unsure(answer: Any) -> bool:
        seen.append(str(answer))
        return "easy" in str(answer)

    llm = pair(
        escalate_if=unsure, prices={"strong": {"input": 1, "output": 1}, "weak": {"input": 1, "output": 1}}
    )
    (response,) = await responses_of(llm, method, "an easy one")
    assert response.additional_kwargs["routellm"]["reason"] == "escalated"
    assert len(seen) == 1
    await responses_of(llm, method, "something else")
    assert stand_in.calls() == {"gpt-4o-mini": 2, "gpt-4o": 1}
    stats = llm.routing_stats()
    assert stats.weak.tokens.output > 0
    assert stats.cost is not None
    assert stats.always_strong_cost is not None
    assert stats.cost > stats.always_strong_cost


@pytest.mark.parametrize("method", ENDPOINTS)
async def test_a_gate_that_raises_takes_weaks_answer_from_nobody(
    pair: Callable[..., Any], stand_in: StandInServer, method: str
) -> None:
    llm = pair(escalate_if=lambda answer: 1 / 0)
    with pytest.warns(RouterWarning, match="escalate_if failed with ZeroDivisionError"):
        response = (await responses_of(llm, method, "an easy one"))[-1]
    assert response.additional_kwargs["routellm"]["route"] == "weak"
    assert (llm.routing_stats().gate_failures, stand_in.calls()) == (1, {"gpt-4o-mini": 1})


def test_escalate_if_sees_texts_and_objects(pair: Callable[..., Any], stand_in: StandInServer) -> None:
    kinds: list[type] = []
    llm = pair(escalate_if=lambda answer: bool(kinds.append(type(answer))))
    llm.predict(PROMPT, city="Rome")
    llm.structured_predict(City, PROMPT, city="Rome")
    llm.predict_and_call(TOOLS, "What is 6 times 7?")
    list(llm.stream_chat([ChatMessage("an easy one")]))
    # Tools were run, which can't be taken back.
    assert kinds == [str, City, ChatResponse]


async def test_shadow_mode(pair: Callable[..., Any], stand_in: StandInServer) -> None:
    llm = pair(mode="shadow")
    easy, hard = llm.complete("an easy one"), await llm.acomplete("a hard one")
    assert easy.additional_kwargs["routellm"]["route"] == "strong"
    assert easy.additional_kwargs["routellm"]["shadow_route"] == "weak"
    assert hard.additional_kwargs["routellm"]["shadow_route"] == "strong"
    assert stand_in.calls() == {"gpt-4o": 2}
    assert llm.route("an easy one").record() == easy.additional_kwargs["routellm"]
    assert llm.routing_stats().scored_share == 0.5
    stand_in.fail_next("gpt-4o", 429, 2)
    failing = pair(mode="shadow", escalate_strong_on=(sdk.RateLimitError,))
    with pytest.raises(sdk.RateLimitError):
        failing.complete("an easy one")
    with pytest.raises(sdk.RateLimitError):
        list(failing.stream_complete("an easy one"))
    assert "gpt-4o-mini" not in stand_in.calls()


def test_one_model_with_two_settings(openai: Callable[..., Any], pair: Callable[..., Any]) -> None:
    models = {"strong": openai("gpt-4o", temperature=0.9), "weak": openai("gpt-4o", temperature=0.1)}
    llm = pair(**models)
    assert llm.complete("an easy one").additional_kwargs["routellm"]["route"] == "weak"
    assert llm.complete("a hard one").additional_kwargs["routellm"]["route"] == "strong"
    stats = llm.routing_stats()
    assert (stats.strong.calls, stats.weak.calls) == (1, 1)


@pytest.mark.parametrize("method", ["complete", "acomplete"])
async def test_a_failing_scorer_does_not_fail_the_call(
    pair: Callable[..., Any], stand_in: StandInServer, method: str
) -> None:
    for side, model in (("strong", "gpt-4o"), ("weak", "gpt-4o-mini")):
        with pytest.warns(RouterWarning) as warned:
            (response,) = await responses_of(
                pair(router=FailingRouter(), on_router_error=side), method, "an easy one"
            )
        assert response.additional_kwargs["routellm"]["reason"] == "router_error"
        assert stand_in.calls()[model] == 1
        assert "sk-0123456789" not in str(warned[0].message)
    with pytest.raises(RouterError):
        await responses_of(pair(router=FailingRouter(), on_router_error="raise"), method, "an easy one")
