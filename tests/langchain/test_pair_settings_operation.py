"""A pair in production: calls are written down with what they cost, and the money lasts."""

from __future__ import annotations

import copy
import pickle
from pathlib import Path
from typing import Any

import pytest
from langchain_core.language_models import FakeListChatModel
from langchain_core.messages import AIMessage
from langchain_core.tracers.run_collector import RunCollectorCallbackHandler

from routellm_core.routing.decision_log import DecisionLog, text_hash

from examples.stand_in import StandInServer
from tests.langchain.conftest import Pair, chat_openai
from tests.langchain.operated import PRICED, answered, offline, record
from tests.pair_operation import PRICES, prompts, rows_of, told_row
from tests.routers import FailingRouter

UNTRUE: list[Any] = [
    {"input_tokens": -5, "output_tokens": 1, "total_tokens": -4},
    {"input_tokens": "7", "output_tokens": None},
    {"input_tokens": 5, "output_tokens": 5, "input_token_details": {"cache_read": 10**9}},
    {"input_tokens": 5, "output_tokens": 5, "input_token_details": []},
    {"input_tokens": float("nan"), "output_tokens": 5},
    {"input_tokens": 0, "output_tokens": 0},
    "many",
    None,
]


class Counting(FakeListChatModel):
    """Reports the tokens that it is told to."""

    usages: list[Any]

    def _generate(self, *args: Any, **kwargs: Any) -> Any:
        result = super()._generate(*args, **kwargs)
        message: Any = result.generations[0].message
        message.usage_metadata = self.usages.pop(0) if len(self.usages) > 1 else self.usages[0]
        return result


@pytest.mark.parametrize("usage", UNTRUE, ids=str)
def test_a_cap_holds_and_no_call_fails_whatever_a_provider_counts(usage: Any) -> None:
    true = {"input_tokens": 1, "output_tokens": 1, "total_tokens": 2}
    strong = Counting(responses=["s"], usages=[true, usage])
    llm = offline(strong=strong, threshold=0.0, prices=PRICES, budget={"strong": 20.0, "per": "day"})
    reasons = [record(llm, prompt)["reason"] for prompt in prompts(range(100, 150))]

    assert reasons.count("score") <= 20
    assert reasons[-1] == "budget"


def test_a_call_is_written_down_with_tokens_cost_and_origin(pair: Pair, tmp_path: Path) -> None:
    path = tmp_path / "decisions.jsonl"
    llm = pair(prices=PRICES, decision_log=path)
    answer = llm.invoke("a hard question", config={"configurable": {"thread_id": "t1"}})
    (row,) = rows_of(llm, path)

    assert row["id"] == answer.response_metadata["routellm"]["id"]
    assert (row["route"], row["reason"], row["escalated"]) == ("strong", "score", False)
    assert row["tokens"]["strong"]["input"] == answer.usage_metadata["input_tokens"]
    assert row["cost"] == row["strong_cost"] == answer.usage_metadata["input_tokens"]
    assert row["saving"] == 0.0
    assert row["thread_id"] == "t1"
    assert row["models"] == {"strong": "gpt-strong", "weak": "gpt-weak"}
    assert row["text_hash"] == text_hash("a hard question")
    assert 0 < row["latency"] < 60
    assert (row["error"], row["failed"], "text" in row) == (None, False, False)


async def test_every_way_of_asking_writes_one_row(pair: Pair, tmp_path: Path) -> None:
    path = tmp_path / "decisions.jsonl"
    llm = pair(prices=PRICES, decision_log=path, log_text=True)
    llm.invoke("1")
    await llm.ainvoke("2")
    list(llm.stream("3"))
    _ = [chunk async for chunk in llm.astream("4")]
    llm.batch(["5", "6"])
    rows = rows_of(llm, path)
    assert sorted(row["text"] for row in rows) == ["1", "2", "3", "4", "5", "6"]
    assert all(row["tokens"]["weak"]["output"] > 0 and row["cost"] == 0.0 for row in rows)
    assert all(row["saving"] > 0 for row in rows)


@pytest.mark.parametrize("how", ["invoke", "ainvoke", "generate", "stream", "astream", "v3"])
async def test_what_a_call_cost_and_saved_is_in_its_record_and_its_run(pair: Pair, how: str) -> None:
    runs = RunCollectorCallbackHandler()
    message = await answered(pair(prices=PRICED), how, {"callbacks": [runs]})
    tokens = message.usage_metadata["input_tokens"]  # type: ignore[index]
    found = message.response_metadata["routellm"]
    assert (found["route"], found["cost"], found["saving"]) == (
        "weak",
        pytest.approx(0.1 * tokens),
        pytest.approx(0.9 * tokens),
    )
    (run,) = runs.traced_runs
    assert run.metadata["routellm_cost"] == found["cost"]
    assert run.metadata["routellm_saving"] == found["saving"]
    without = await answered(pair(), how, {"callbacks": [runs]})
    assert "cost" not in without.response_metadata["routellm"]
    assert "routellm_cost" not in runs.traced_runs[-1].metadata


async def test_an_answer_without_tokens_has_no_cost(pair: Pair, stand_in: StandInServer) -> None:
    weak = chat_openai(stand_in, "gpt-weak", stream_usage=False)
    message = await answered(pair(prices=PRICED, weak=weak), "stream", {"callbacks": []})
    assert "cost" not in message.response_metadata["routellm"]


def test_the_parent_run_says_what_the_call_cost(pair: Pair) -> None:
    runs = RunCollectorCallbackHandler()
    pair(prices=PRICED, trace_routing=True).invoke("an easy question", {"callbacks": [runs]})
    (run,) = runs.traced_runs
    assert run.outputs is not None
    assert run.outputs["cost"] > 0


@pytest.mark.parametrize("how", ["invoke", "ainvoke", "stream", "astream"])
async def test_without_money_for_strong_a_rejected_answer_stays(pair: Pair, how: str) -> None:
    llm = pair(prices=PRICES, budget={"strong": 0.0, "per": "day"}, escalate_if=lambda message: True)
    message = await answered(llm, how, {})
    assert message.response_metadata["model_name"] == "gpt-weak"
    assert message.response_metadata["routellm"]["reason"] == "budget"
    assert llm.routing_stats().reasons == {"budget": 1}


def test_an_escalated_call_is_one_row_with_both_costs(pair: Pair, tmp_path: Path) -> None:
    path = tmp_path / "decisions.jsonl"
    llm = pair(prices=PRICES, decision_log=path, escalate_if=lambda message: True)
    llm.invoke("an easy question")
    (row,) = rows_of(llm, path)
    assert (row["route"], row["reason"], row["escalated"], row["error"]) == (
        "strong",
        "score",
        True,
        "rejected",
    )
    assert set(row["tokens"]) == {"strong", "weak"}


def test_a_call_that_fails_is_written_down_as_one(tmp_path: Path) -> None:
    path = tmp_path / "decisions.jsonl"
    llm = offline(router=FailingRouter(), threshold=0.5, on_router_error="raise", decision_log=path)
    with pytest.raises(Exception, match="failed"):
        llm.invoke("hello")
    assert not path.exists()
    broken = offline(threshold=0.5, decision_log=path, weak=FakeListChatModel(responses=[]))
    with pytest.raises(IndexError):
        broken.invoke(prompts([1])[0])
    (row,) = rows_of(broken, path)
    assert (row["failed"], row["error"]) == (True, "IndexError")


def test_a_log_that_can_not_be_written_fails_no_call(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    llm = offline(threshold=0.5, decision_log=tmp_path / "file" / "decisions.jsonl")
    assert isinstance(llm.invoke(prompts([1])[0]), AIMessage)
    assert llm.decision_log.flush()
    assert llm.decision_log.lost == 1


def test_the_hook_is_told_and_may_fail(tmp_path: Path) -> None:
    row = told_row(offline, lambda llm, prompt: llm.invoke(prompt))
    assert (row["route"], row["percentile"]) == ("strong", pytest.approx(90, abs=1))

    def broken(row: dict[str, Any]) -> None:
        raise RuntimeError("no")

    assert record(offline(threshold=0.5, on_decision=broken), prompts([1])[0])["route"] == "weak"


def test_an_outcome_belongs_to_its_record(tmp_path: Path) -> None:
    path = tmp_path / "decisions.jsonl"
    llm = offline(threshold=0.5, decision_log=path)
    llm.decision_log.outcome(record(llm, prompts([1])[0])["id"], 0.0, grader="thumbs")
    decision, outcome = rows_of(llm, path)
    assert (outcome["outcome_of"], outcome["grader"]) == (decision["id"], "thumbs")


def test_a_budget_sends_what_is_too_dear_to_weak(pair: Pair) -> None:
    llm = pair(prices=PRICES, budget={"strong": 5.0, "per": "day"})
    reasons = [record(llm, f"hard {number}")["reason"] for number in range(4)]
    assert reasons == ["score", "budget", "budget", "budget"]
    assert llm.routing_stats().reasons == {"score": 1, "budget": 3}
    with pytest.raises(ValueError, match="budget is given without prices="):
        offline(threshold=0.5, budget={"strong": 5.0, "per": "day"})


def test_copies_and_pickles_keep_the_settings_and_write_on(tmp_path: Path) -> None:
    path = tmp_path / "decisions.jsonl"
    llm = offline(strong_share=0.3, decision_log=path)
    copies = [llm.model_copy(), copy.deepcopy(llm), pickle.loads(pickle.dumps(llm))]
    for number, one in enumerate([llm, *copies]):
        one.invoke(prompts([number])[0])
        assert one.decision_log.flush()
    assert len(rows_of(llm, path)) == 4


def test_a_log_of_ones_own_is_taken(tmp_path: Path) -> None:
    log = DecisionLog.open(tmp_path / "decisions.jsonl", log_text=True)
    llm = offline(threshold=0.5, decision_log=log)
    assert llm.decision_log is log
    assert llm.log_text
    with pytest.raises(ValueError, match=r"decision_log is 7, expected a file such as 'decisions.jsonl'"):
        llm.decision_log = 7
