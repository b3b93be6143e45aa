"""`score_timeout`: a router that hangs costs a call of a pair no more than that, however it is made."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from typing import Any

import pytest

pytest.importorskip("llama_index.core", reason="llama-index-core is not installed")
pytest.importorskip("llama_index.llms.openai", reason="llama-index-llms-openai is not installed")

from llama_index.core.llms import ChatMessage

from llamaindex_routellm import RouteLLM
from routellm_core import RouterError
from routellm_core.routing.router_failure import RouterWarning

from tests.routers import HangingRouter

SOON = 0.05
QUESTION = "What is the capital of Norway?"
MESSAGES = [ChatMessage(QUESTION)]


@pytest.fixture
def hanging() -> Iterator[HangingRouter]:
    router = HangingRouter()
    yield router
    router.let_go.set()


def _record(answer: Any) -> dict[str, Any]:
    found: dict[str, Any] = answer.additional_kwargs["routellm"]
    return found


SYNC: dict[str, Callable[[RouteLLM], Any]] = {
    "complete": lambda llm: llm.complete(QUESTION),
    "chat": lambda llm: llm.chat(MESSAGES),
    "stream_complete": lambda llm: list(llm.stream_complete(QUESTION))[-1],
    "stream_chat": lambda llm: list(llm.stream_chat(MESSAGES))[-1],
}


@pytest.mark.parametrize("way", SYNC)
def test_a_call_goes_on_without_its_score(way: str, pair: Callable[..., Any], hanging: HangingRouter) -> None:
    llm = pair(router=hanging, score_timeout=SOON, on_router_error="weak")

    with pytest.warns(RouterWarning, match="ScoreTimeoutError; the call goes to weak"):
        record = _record(SYNC[way](llm))

    assert (record["route"], record["reason"], record["score"]) == ("weak", "router_error", None)


async def test_an_event_loop_goes_on_too(pair: Callable[..., Any], hanging: HangingRouter) -> None:
    llm = pair(router=hanging, score_timeout=SOON)

    with pytest.warns(RouterWarning, match="ScoreTimeoutError; the call goes to strong"):
        answers = [
            await llm.acomplete(QUESTION),
            await llm.achat(MESSAGES),
            [part async for part in await llm.astream_chat(MESSAGES)][-1],
        ]

    assert [_record(answer)["reason"] for answer in answers] == ["router_error"] * 3


def test_who_asked_for_an_error_gets_one(pair: Callable[..., Any], hanging: HangingRouter) -> None:
    llm = pair(router=hanging, score_timeout=SOON, on_router_error="raise")

    with pytest.raises(RouterError, match=r"router 'HangingRouter' failed: no score within 0\.05 s"):
        llm.complete(QUESTION)


def test_it_can_be_changed_and_is_kept(pair: Callable[..., Any], hanging: HangingRouter) -> None:
    llm = pair(router=hanging)
    assert llm.score_timeout is None
    llm.score_timeout = SOON

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RouterWarning)
        assert _record(llm.complete(QUESTION))["reason"] == "router_error"
    with pytest.raises(ValueError, match="score_timeout is 0, expected a number above 0"):
        llm.score_timeout = 0
    assert llm.score_timeout == SOON
    again = RouteLLM.from_dict(llm.to_dict(), router=hanging, allow_hosts=["127.0.0.1"])
    assert again.score_timeout == SOON
