"""`score_timeout`: a router that hangs costs a call of a pair no more than that, however it is made."""

from __future__ import annotations

import warnings
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import pytest

from langchain_routellm import ChatRouteLLM
from routellm_core import RouterError
from routellm_core.routing.router_failure import RouterWarning

from tests.langchain.conftest import Pair
from tests.routers import HangingRouter

SOON = 0.05


@pytest.fixture
def hanging() -> Iterator[HangingRouter]:
    router = HangingRouter()
    yield router
    router.let_go.set()


def _record(answer: Any) -> dict[str, Any]:
    found: dict[str, Any] = answer.response_metadata["routellm"]
    return found


def _streamed(llm: ChatRouteLLM, prompt: str) -> Any:
    first, *_ = llm.stream(prompt)
    return first


async def _first(chunks: AsyncIterator[Any]) -> Any:
    first, *_ = [chunk async for chunk in chunks]
    return first


SYNC: dict[str, Callable[[ChatRouteLLM, str], Any]] = {
    "invoke": lambda llm, prompt: llm.invoke(prompt),
    "stream": _streamed,
    "batch": lambda llm, prompt: llm.batch([prompt, "another question"])[0],
}


@pytest.mark.parametrize("way", SYNC)
def test_a_call_goes_on_without_its_score(way: str, pair: Pair, hanging: HangingRouter) -> None:
    llm = pair(router=hanging, score_timeout=SOON, on_router_error="weak")

    with pytest.warns(RouterWarning, match="ScoreTimeoutError; the call goes to weak"):
        record = _record(SYNC[way](llm, "What is the capital of Norway?"))

    assert (record["route"], record["reason"], record["score"]) == ("weak", "router_error", None)


async def test_an_event_loop_goes_on_too(pair: Pair, hanging: HangingRouter) -> None:
    llm = pair(router=hanging, score_timeout=SOON)

    with pytest.warns(RouterWarning, match="ScoreTimeoutError; the call goes to strong"):
        answers = [
            await llm.ainvoke("What is the capital of Norway?"),
            await _first(llm.astream("What is the capital of Chad?")),
            *await llm.abatch(["What is the capital of Peru?"]),
        ]

    assert [_record(answer)["reason"] for answer in answers] == ["router_error"] * 3


def test_who_asked_for_an_error_gets_one(pair: Pair, hanging: HangingRouter) -> None:
    llm = pair(router=hanging, score_timeout=SOON, on_router_error="raise")

    with pytest.raises(RouterError, match=r"router 'HangingRouter' failed: no score within 0\.05 s"):
        llm.invoke("What is the capital of Norway?")


def test_it_can_be_changed_and_is_kept_by_copies(pair: Pair, hanging: HangingRouter) -> None:
    llm = pair(router=hanging)
    assert llm.score_timeout is None
    llm.score_timeout = SOON
    copied = llm.model_copy(update={"score_timeout": 2 * SOON})

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RouterWarning)
        assert _record(llm.invoke("What is the capital of Norway?"))["reason"] == "router_error"
        assert _record(copied.invoke("What is the capital of Norway?"))["reason"] == "router_error"
    with pytest.raises(ValueError, match="score_timeout is 0, expected a number above 0"):
        llm.score_timeout = 0
    assert (llm.score_timeout, copied.score_timeout) == (SOON, 2 * SOON)
