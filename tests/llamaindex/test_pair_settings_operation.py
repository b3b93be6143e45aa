"""A pair in production: the share follows the traffic, calls are written down, the money lasts."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("llama_index.core", reason="llama-index-core is not installed")
pytest.importorskip("llama_index.llms.openai", reason="llama-index-llms-openai is not installed")

from llama_index.core.llms import ChatMessage
from llama_index.core.llms.mock import MockLLM
from llama_index.core.prompts import PromptTemplate

from llamaindex_routellm import RouteLLM
from routellm_core.routing.decision_log import text_hash
from routellm_core.routing.drift import UnknownKindsWarning

from tests.llamaindex.endpoints import ENDPOINTS, responses_of
from tests.pair_operation import PRICES, NumberRouter, prompts, rows_of, told_row


def offline(**settings: Any) -> RouteLLM:
    return RouteLLM(**{"strong": MockLLM(), "weak": MockLLM(), "router": NumberRouter(), **settings})


def record(llm: Any, prompt: str) -> dict[str, Any]:
    found: dict[str, Any] = llm.complete(prompt).additional_kwargs["routellm"]
    return found


def test_the_share_follows_traffic_that_the_shipped_quantiles_do_not_know() -> None:
    llm = offline(strong_share=0.3)
    routes = [record(llm, prompt)["route"] for prompt in prompts(range(800, 1_000))]
    assert abs(routes.count("strong") / 200 - 0.3) < 0.15
    fixed = offline(strong_share=0.3, share_window=None)
    assert fixed.share_window is None
    assert {record(fixed, prompt)["route"] for prompt in prompts(range(800, 850))} == {"strong"}


def test_one_text_keeps_its_decision_and_a_preview_changes_nothing() -> None:
    llm = offline(strong_share=0.3)
    (prompt,) = prompts([710])
    before = llm.switchboard.dispatcher.policy.in_force
    assert [llm.route(prompt).route for _ in range(50)] == ["strong"] * 50
    assert llm.switchboard.dispatcher.policy.in_force == before
    assert record(llm, prompt)["route"] == "strong"
    for other in prompts(range(900, 999)):
        record(llm, other)
    assert record(llm, prompt)["route"] == "strong"


@pytest.mark.filterwarnings("ignore::UserWarning")
def test_kinds_that_the_router_was_not_made_for_are_told() -> None:
    class SureRouter(NumberRouter):
        def knows(self, prompt: str) -> bool:
            return prompt.endswith(" 1")

    told: list[Warning] = []
    llm = offline(router=SureRouter(), threshold=0.5, on_drift=told.append)
    for number in [1] * 400 + [2] * 100:
        llm.complete(prompts([number])[0])
    assert [type(warning) for warning in told] == [UnknownKindsWarning]


def test_a_call_is_written_down_with_tokens_cost_and_origin(pair: Callable[..., Any], tmp_path: Path) -> None:
    from llama_index.core.instrumentation.dispatcher import instrument_tags

    path = tmp_path / "decisions.jsonl"
    llm = pair(prices=PRICES, decision_log=path)
    with instrument_tags({"thread_id": "t1"}):
        answer = llm.complete("a hard question")
    (row,) = rows_of(llm, path)

    assert row["id"] == answer.additional_kwargs["routellm"]["id"]
    assert (row["route"], row["reason"], row["escalated"]) == ("strong", "score", False)
    assert row["cost"] == row["strong_cost"] == row["tokens"]["strong"]["input"] > 0
    assert row["thread_id"] == "t1"
    assert row["models"] == {"strong": "gpt-4o", "weak": "gpt-4o-mini"}
    assert row["text_hash"] == text_hash("a hard question")
    assert 0 < row["latency"] < 60


async def test_every_way_of_asking_writes_one_row(pair: Callable[..., Any], tmp_path: Path) -> None:
    path = tmp_path / "decisions.jsonl"
    llm = pair(decision_log=path, log_text=True)
    llm.complete("1")
    await llm.acomplete("2")
    list(llm.stream_complete("3"))
    _ = [chunk async for chunk in await llm.astream_complete("4")]
    llm.chat([ChatMessage("5")])
    await llm.achat([ChatMessage("6")])
    list(llm.stream_chat([ChatMessage("7")]))
    _ = [chunk async for chunk in await llm.astream_chat([ChatMessage("8")])]
    assert sorted(row["text"] for row in rows_of(llm, path)) == [str(number) for number in range(1, 9)]


def test_a_call_that_fails_at_once_is_written_down_too(
    pair: Callable[..., Any], stand_in: Any, tmp_path: Path
) -> None:
    path = tmp_path / "decisions.jsonl"
    llm = pair(decision_log=path)
    for ask in (llm.complete, lambda prompt: list(llm.stream_complete(prompt))):
        stand_in.fail_next("gpt-4o-mini", 400)
        with pytest.raises(Exception, match="400"):
            ask("an easy question")
    assert [(row["failed"], row["error"]) for row in rows_of(llm, path)] == [(True, "BadRequestError")] * 2


@pytest.mark.parametrize("read", [0, 1])
@pytest.mark.parametrize("closed", [False, True])
def test_a_stream_that_nobody_reads_to_its_end_is_written_down(
    read: int, closed: bool, tmp_path: Path
) -> None:
    path = tmp_path / "decisions.jsonl"
    llm = offline(threshold=0.5, decision_log=path, log_text=True)
    stream = llm.stream_complete(prompts([7])[0])
    for _ in range(read):
        next(stream)
    if closed:
        stream.close()
    del stream
    gc.collect()
    (row,) = rows_of(llm, path)
    assert (row["text"], row["failed"], row["error"]) == (prompts([7])[0], False, "GeneratorExit")


@pytest.mark.parametrize("read", [0, 1])
@pytest.mark.parametrize("closed", [False, True])
async def test_nor_is_one_that_is_awaited(read: int, closed: bool, tmp_path: Path) -> None:
    path = tmp_path / "decisions.jsonl"
    llm = offline(threshold=0.5, decision_log=path)
    stream: Any = await llm.astream_complete(prompts([7])[0])
    for _ in range(read):
        await anext(stream)
    if closed:
        await stream.aclose()
    del stream
    gc.collect()
    for _ in range(10):
        await asyncio.sleep(0)  # the loop closes what was read half-way
    (row,) = rows_of(llm, path)
    assert (row["failed"], row["error"]) == (False, "GeneratorExit")


def test_a_stream_that_is_read_is_written_down_once(tmp_path: Path) -> None:
    path = tmp_path / "decisions.jsonl"
    llm = offline(threshold=0.5, decision_log=path)
    list(llm.stream_complete(prompts([7])[0]))
    gc.collect()
    (row,) = rows_of(llm, path)
    assert row["error"] is None


def test_the_hook_is_told() -> None:
    row = told_row(offline, lambda llm, prompt: llm.complete(prompt))
    assert (row["route"], row["percentile"]) == ("strong", pytest.approx(90, abs=1))


PRICED = {"strong": {"input": 1e6, "output": 0.0}, "weak": {"input": 1e5, "output": 0.0}}
COUNTED = {"additional_kwargs": {"stream_options": {"include_usage": True}}}


@pytest.mark.parametrize("method", ENDPOINTS)
async def test_what_a_call_cost_and_saved_is_in_its_record(
    pair: Callable[..., Any], openai: Callable[..., Any], method: str
) -> None:
    weak = openai("gpt-4o-mini", **(COUNTED if "stream" in method else {}))
    llm = pair(prices=PRICED, weak=weak)
    found = (await responses_of(llm, method, "an easy question"))[-1].additional_kwargs["routellm"]
    tokens = llm.routing_stats().weak.tokens.input
    assert (found["route"], found["cost"], found["saving"]) == (
        "weak",
        pytest.approx(0.1 * tokens),
        pytest.approx(0.9 * tokens),
    )
    assert tokens > 0
    without = (await responses_of(pair(weak=weak), method, "an easy question"))[-1]
    assert "cost" not in without.additional_kwargs["routellm"]


@pytest.mark.parametrize("method", ["complete", "achat", "predict"])
async def test_without_money_for_strong_a_rejected_answer_stays(
    pair: Callable[..., Any], method: str
) -> None:
    llm = pair(prices=PRICES, budget={"strong": 0.0, "per": "day"}, escalate_if=lambda answer: True)
    if method == "predict":
        llm.predict(PromptTemplate("an easy question"))
    else:
        (response,) = await responses_of(llm, method, "an easy question")
        assert response.additional_kwargs["routellm"]["reason"] == "budget"
    stats = llm.routing_stats()
    assert (stats.reasons, stats.strong.calls) == ({"budget": 1}, 0)


def test_a_budget_sends_what_is_too_dear_to_weak(pair: Callable[..., Any]) -> None:
    llm = pair(prices=PRICES, budget={"strong": 5.0, "per": "day"})
    reasons = [record(llm, f"hard {number}")["reason"] for number in range(3)]
    assert reasons == ["score", "budget", "budget"]


def test_plain_values_keep_log_window_and_budget(tmp_path: Path) -> None:
    llm = offline(
        router="random",
        strong_share=0.3,
        share_window=None,
        decision_log=f"sqlite:///{tmp_path / 'd.db'}",
        prices=PRICES,
        budget={"strong": 5.0, "per": "day"},
    )
    data = llm.to_dict()
    with pytest.raises(ValueError, match=r"decision_log is .* data alone never make a pair write a file"):
        RouteLLM.from_dict(data)
    assert RouteLLM.from_dict(data, decision_log=None).decision_log is None
    again = RouteLLM.from_dict(data, decision_log=data["decision_log"])
    assert again.share_window is None
    assert again.decision_log.name == f"sqlite:///{tmp_path / 'd.db'}"
    assert again.budget == llm.budget


@pytest.mark.parametrize("method", [*ENDPOINTS, "predict"])
async def test_in_shadow_mode_weak_answers_a_sample_too(
    pair: Callable[..., Any], tmp_path: Path, method: str
) -> None:
    path = tmp_path / "decisions.jsonl"
    llm = pair(mode="shadow", shadow_sample=1.0, decision_log=path, log_text=True, prices=PRICED)
    if method == "predict":
        text = llm.predict(PromptTemplate("an easy question"))
    else:
        last = (await responses_of(llm, method, "an easy question"))[-1]
        text = last.message.content if "chat" in method else last.text
    assert llm.switchboard.dispatcher.sample.flush()
    (row,) = [row for row in rows_of(llm, path) if "answers_of" in row]
    assert row["answers"]["strong"] == text
    assert text.startswith("[gpt-4o]")
    assert row["answers"]["weak"].startswith("[gpt-4o-mini]")
    assert row["cost"] > 0


def test_a_weak_model_that_fails_fails_no_shadow_call(
    pair: Callable[..., Any], stand_in: Any, tmp_path: Path
) -> None:
    path = tmp_path / "decisions.jsonl"
    llm = pair(mode="shadow", shadow_sample=1.0, decision_log=path)
    stand_in.fail_next("gpt-4o-mini", 400)
    assert llm.complete("a question").text.startswith("[gpt-4o]")
    llm.complete("another question")
    assert llm.switchboard.dispatcher.sample.flush()
    (row,) = [row for row in rows_of(llm, path) if "answers_of" in row]
    assert "answers" not in row
