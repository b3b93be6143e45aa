"""An LLM as a router's reader: routed calls are read, counted, and never wait for it long."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("llama_index.llms.openai", reason="llama-index-llms-openai is not installed")

from llama_index.core.llms import ChatMessage

from llamaindex_routellm.responder import responder
from routellm_core import load_router
from routellm_core.reader import HybridRouter, ReaderRouter, ReaderWarning

from examples.stand_in import StandInServer
from tests.silent_server import silent_server

EASY, HARD = "Hi there, you", "Derive the stationary distribution of the following reversible Markov process"
PRICES = {"strong": {"input": 10, "output": 30}, "weak": {"input": 1, "output": 3}}

Make = Callable[..., Any]


def test_the_readers_number_decides_and_its_cost_counts(
    stand_in: StandInServer, openai: Make, pair: Make
) -> None:
    router = ReaderRouter(responder(openai("gpt-4o-mini")), price={"input": 2, "output": 2})
    llm = pair(router=router, strong_share=0.3, prices=PRICES)
    records = [llm.complete(text).additional_kwargs["routellm"] for text in (EASY, HARD, HARD)]
    stats = llm.routing_stats()

    assert [record["route"] for record in records] == ["weak", "strong", "strong"]
    assert (stats.reader.asked, stats.reader.failed) == (2, 0)
    assert stats.reader.cost > 0
    assert stats.cost == pytest.approx(stats.strong.cost + stats.weak.cost + stats.reader.cost)
    assert stand_in.refused == []


async def test_async_calls_are_read_alike(openai: Make, pair: Make) -> None:
    llm = pair(router=ReaderRouter(responder(openai("gpt-4o-mini"))))
    answer = await llm.achat([ChatMessage(content=HARD)])

    again = llm.complete(HARD).additional_kwargs["routellm"]
    assert answer.additional_kwargs["routellm"]["score"] == again["score"]
    assert llm.routing_stats().reader.asked == 1


async def test_no_call_waits_for_a_server_that_never_answers(openai: Make, pair: Make) -> None:
    default = load_router("default")
    with silent_server() as address:
        reader = ReaderRouter(responder(openai("gpt-4o-mini", api_base=address, timeout=60)), timeout=0.1)
        llm = pair(router=HybridRouter(default, reader, 1.0, strong_share=0.5))
        start = time.monotonic()
        with pytest.warns(ReaderWarning, match=r"no answer within 0\.1 s"):
            first = llm.complete(EASY)
        second = await llm.acomplete(HARD)
        took = time.monotonic() - start

    assert took < 5
    scores = [each.additional_kwargs["routellm"]["score"] for each in (first, second)]
    assert scores == default.score([EASY, HARD]).tolist()
    assert llm.routing_stats().reader.failed == 2


def test_it_comes_back_from_a_folder(openai: Make, tmp_path: Path) -> None:
    default = load_router("default")
    router = HybridRouter(default, ReaderRouter(responder(openai("gpt-4o-mini"))), 0.5, strong_share=0.4)
    router.save(tmp_path)
    loaded = load_router(tmp_path, responder=responder(openai("gpt-4o-mini")))

    assert loaded.score([EASY, HARD]).tolist() == router.score([EASY, HARD]).tolist()
    assert b"sk-test-key" not in (tmp_path / "config.json").read_bytes()
