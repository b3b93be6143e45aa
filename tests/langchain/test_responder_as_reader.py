"""A chat model as a router's reader: routed calls are read, counted, paid for, and never wait for it long."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from langchain_core.callbacks import BaseCallbackHandler

from langchain_routellm import ChatRouteLLM
from langchain_routellm.responder import responder
from routellm_core import load_router
from routellm_core.commands.cli import main
from routellm_core.evaluation.benchmark import Benchmark
from routellm_core.evaluation.evaluation import evaluate
from routellm_core.preferences.judging.openai_responder import OpenAIResponder
from routellm_core.reader import HybridRouter, ReaderRouter, ReaderWarning

from examples.stand_in import StandInServer
from tests.langchain.conftest import Pair, chat_openai
from tests.silent_server import silent_server

EASY, HARD = "Hi there, you", "Derive the stationary distribution of the following reversible Markov process"
PRICES = {"strong": {"input": 10, "output": 30}, "weak": {"input": 1, "output": 3}}


def reading(server: StandInServer, **settings: Any) -> ReaderRouter:
    return ReaderRouter(responder(chat_openai(server, "gpt-weak")), **settings)


def test_the_readers_number_decides_and_is_asked_for_once(stand_in: StandInServer, pair: Pair) -> None:
    llm = pair(router=reading(stand_in), threshold=None, strong_share=0.3)
    records = [llm.invoke(text).response_metadata["routellm"] for text in (EASY, HARD, HARD)]

    assert [record["route"] for record in records] == ["weak", "strong", "strong"]
    assert records[1]["score"] == records[2]["score"]
    assert {record["reason"] for record in records} == {"score"}
    assert llm.routing_stats().reader.asked == 2  # type: ignore[union-attr]
    assert stand_in.refused == []


async def test_async_streamed_and_batched_calls_are_read_alike(stand_in: StandInServer, pair: Pair) -> None:
    llm = pair(router=reading(stand_in))
    (first, *_) = [chunk async for chunk in llm.astream(HARD)]
    answers = [await llm.ainvoke(HARD), *await llm.abatch([HARD, EASY]), *llm.batch([EASY, HARD])]
    scores = [answer.response_metadata["routellm"]["score"] for answer in answers]

    assert scores[0] == scores[1] == scores[4] == first.response_metadata["routellm"]["score"]
    assert scores[2] == scores[3] < scores[0]
    assert llm.routing_stats().reader.asked == 2  # type: ignore[union-attr]


def test_what_readings_cost_is_in_the_statistics_and_in_each_row(
    stand_in: StandInServer, pair: Pair, tmp_path: Path
) -> None:
    log = tmp_path / "log.jsonl"
    router = reading(stand_in, price={"input": 2, "output": 2})
    llm = pair(router=router, prices=PRICES, decision_log=log)
    llm.invoke(HARD)
    llm.invoke(HARD)
    stats = llm.routing_stats()
    llm.decision_log.close()
    first, second = (json.loads(line) for line in log.read_text().splitlines())

    assert stats.reader is not None
    assert stats.reader.cost == pytest.approx(2e-6 * (stats.reader.tokens.input + stats.reader.tokens.output))
    assert stats.cost == pytest.approx(stats.strong.cost + stats.weak.cost + stats.reader.cost)  # type: ignore[operator]
    assert first["cost"] - second["cost"] == pytest.approx(stats.reader.cost)
    assert stats.to_dict()["reader"]["rated"] == 1
    assert llm.routing_stats(reset=True).reader == stats.reader
    assert llm.routing_stats().reader.asked == 0  # type: ignore[union-attr]


def test_without_the_readers_price_nobody_says_what_was_saved(stand_in: StandInServer, pair: Pair) -> None:
    llm = pair(router=reading(stand_in), prices=PRICES)
    llm.invoke(EASY)
    stats = llm.routing_stats()

    assert (stats.saved, stats.reader.cost) == (None, None)  # type: ignore[union-attr]
    assert stats.cost == pytest.approx(stats.strong.cost + stats.weak.cost)  # type: ignore[operator]


def test_a_reading_is_not_among_the_calls_events(stand_in: StandInServer, pair: Pair) -> None:
    class Runs(BaseCallbackHandler):
        started = 0

        def on_chat_model_start(self, *args: Any, **kwargs: Any) -> None:
            self.started += 1

    plain, read = Runs(), Runs()
    pair().invoke(EASY, config={"callbacks": [plain]})
    pair(router=reading(stand_in)).invoke(EASY, config={"callbacks": [read]})

    assert read.started == plain.started == 1


def test_a_hybrid_reads_near_the_threshold_alone(stand_in: StandInServer, pair: Pair) -> None:
    default = load_router("default")
    router = HybridRouter(default, reading(stand_in), 0.1, strong_share=0.3)
    llm = pair(router=router, threshold=None, strong_share=0.3)
    prompts = [f"{HARD}, {EASY} and {number} more {'questions ' * number}" for number in range(8)] + [EASY]
    asked = int(router.asks(prompts).sum())
    for prompt in prompts:
        llm.invoke(prompt)

    assert llm.routing_stats().reader.asked == asked  # type: ignore[union-attr]
    assert asked < len(prompts)


async def test_no_call_waits_for_a_server_that_never_answers(stand_in: StandInServer, pair: Pair) -> None:
    with silent_server() as address:
        silent = chat_openai(stand_in, "gpt-weak", base_url=address, timeout=60)
        llm = pair(router=ReaderRouter(responder(silent), timeout=0.1))
        start = time.monotonic()
        with pytest.warns(ReaderWarning, match="no answer within 0.1 s"):
            answers = llm.batch([f"{EASY} {number}" for number in range(20)])
        answers += [llm.invoke(HARD), await llm.ainvoke(f"{HARD}?")]
        (first, *_) = [chunk async for chunk in llm.astream("How?")]
        took = time.monotonic() - start

    records = [answer.response_metadata["routellm"] for answer in (*answers, first)]
    default = load_router("default")
    assert took < 10
    assert {record["reason"] for record in records} == {"score"}
    assert records[20]["score"] == default.score_one(HARD)
    stats = llm.routing_stats().reader
    assert stats is not None
    assert stats.failed + stats.skipped == 23


def test_it_is_evaluated_and_comes_back_from_a_folder(stand_in: StandInServer, tmp_path: Path) -> None:
    router = reading(stand_in)
    prompts = [EASY, HARD, "Say yes", "Compare distributed consensus algorithms thoroughly"]
    found = evaluate(router, Benchmark("own", prompts, np.array([1.0, 0.0, 1.0, 0.0]), np.ones(4)))
    router.save(tmp_path)
    loaded = load_router(tmp_path, responder=responder(chat_openai(stand_in, "gpt-weak")))

    assert found.apgr == 0.75  # no order does better on two that gain and two that don't
    assert loaded.score(prompts).tolist() == router.score(prompts).tolist()
    assert b"test-key" not in (tmp_path / "config.json").read_bytes()


def test_a_calibrated_pair_reads_with_the_router_that_was_calibrated(
    stand_in: StandInServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-test-key")
    monkeypatch.setenv("OPENAI_BASE_URL", stand_in.openai_url)
    router, out = tmp_path / "hybrid", tmp_path / "calibration.json"
    reader = ReaderRouter(OpenAIResponder("gpt-weak", max_tokens=8), timeout=30)
    HybridRouter(load_router("default"), reader, 1.0, strong_share=0.5).save(router)
    prompts = tmp_path / "prompts.txt"
    prompts.write_text("".join(f"{text} {number}\n" for text in (EASY, HARD) for number in range(10)))
    asked = ["--prompts", str(prompts), "--router", str(router), "--strong-share", "0.5", "--no-scores"]
    models = {side: chat_openai(stand_in, f"gpt-{side}") for side in ("strong", "weak")}
    assert main(["--allow-host", "api.openai.com", "calibrate", *asked, "--out", str(out)]) == 0
    with pytest.raises(ValueError, match=r"api\.openai\.com:443.*allow_hosts"):
        ChatRouteLLM.from_calibration(out, **models)
    llm = ChatRouteLLM.from_calibration(
        out, router=load_router(router, allow_hosts=["api.openai.com"]), **models
    )
    records = [llm.invoke(f"{text} 11").response_metadata["routellm"] for text in (EASY, HARD)]

    assert [record["route"] for record in records] == ["weak", "strong"]
    assert {record["router"] for record in records} == {"hybrid"}
    assert llm.routing_stats().reader.asked == 2  # type: ignore[union-attr]
