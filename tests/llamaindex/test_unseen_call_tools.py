"""Calls with tools or a schema are compared by their calls and objects, and sampled as others are."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("llama_index.core", reason="llama-index-core is not installed")
pytest.importorskip("llama_index.llms.openai", reason="llama-index-llms-openai is not installed")

from llama_index.core.agent.workflow import FunctionAgent
from llama_index.core.base.llms.types import ChatMessage
from llama_index.core.llms.mock import MockLLM
from llama_index.core.prompts import PromptTemplate
from llama_index.core.tools import FunctionTool
from pydantic import BaseModel

from llamaindex_routellm import RouteLLM
from routellm_core import Disagreement
from routellm_core.routing.sample_stats import SampleStats

from examples.stand_in import Answer
from tests.llamaindex.endpoints import WITH_TOOLS, last_response, result_of
from tests.pair_operation import rows_of
from tests.two_opinions import (
    ADDS,
    CHECKER,
    OTHER_SUM,
    PRICES,
    STRONG,
    STRONGS_SUM,
    WEAK,
    calling,
    three_models,
)

Trio = Callable[..., RouteLLM]

RAN: list[tuple[int, int]] = []


def add(a: int, b: int) -> int:
    """Add two numbers."""
    RAN.append((a, b))
    return a + b


TOOLS = [FunctionTool.from_defaults(add)]

PROMPT = PromptTemplate("How much is it?")

STRUCTURED = [f"{a}{stream}structured_predict" for a in ("", "a") for stream in ("", "stream_")]


class Price(BaseModel):
    """A price."""

    amount: int
    currency: str


def price(amount: int) -> Answer:
    return Answer(json.dumps({"amount": amount, "currency": "EUR"}))


@pytest.fixture(autouse=True)
def nothing_ran() -> None:
    RAN.clear()


@pytest.mark.parametrize("method", WITH_TOOLS)
@pytest.mark.parametrize(
    ("checkers", "expected"),
    [(ADDS, 3), (calling(("add", {"b": 3, "a": 2})), 3), (OTHER_SUM, 5), (Answer("It is 5."), 5)],
)
async def test_tool_calls_are_compared_by_name_and_arguments(
    trio: Trio, checkers: Answer, expected: int, method: str
) -> None:
    with three_models(checkers, weaks=ADDS, strongs=STRONGS_SUM) as server:
        llm = trio(server)
        response = await last_response(llm, method, TOOLS, "How much?")
        (call,) = llm.get_tool_calls_from_response(response)
        assert call.tool_kwargs == {"a": 2, "b": expected}
        assert server.calls()[CHECKER] == 1
        (body,) = server.bodies(CHECKER)
        assert [each["function"]["name"] for each in body["tools"]] == ["add"]
    assert llm.routing_stats().uncompared == 0
    assert RAN == []


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
async def test_an_agent_runs_each_tool_once(trio: Trio) -> None:
    def strongs(prompt: Any) -> Answer:
        return Answer("7") if prompt.tool_results else STRONGS_SUM

    def weaks(prompt: Any) -> Answer:
        return Answer("It is 5.") if prompt.tool_results else ADDS

    with three_models(OTHER_SUM, weaks=weaks, strongs=strongs) as server:
        agent = FunctionAgent(tools=TOOLS, llm=trio(server))
        await agent.run("How much?")
        assert server.calls()[CHECKER] == server.calls()[WEAK] > 0
        assert STRONG in server.calls()
    assert RAN == [(2, 5)]


@pytest.mark.parametrize("method", STRUCTURED)
@pytest.mark.parametrize(("checkers", "expected"), [(5, 5), (6, 9)])
async def test_objects_of_a_class_are_compared(trio: Trio, checkers: int, expected: int, method: str) -> None:
    with three_models(price(checkers), weaks=price(5), strongs=price(9)) as server:
        llm = trio(server, prices=PRICES)
        found = await result_of(llm, method, Price, PROMPT)
        assert found == Price(amount=expected, currency="EUR")
        assert server.calls()[CHECKER] == 1
    stats = llm.routing_stats()
    assert (stats.escalations, stats.uncompared) == (int(expected == 9), 0)
    assert stats.checker.tokens.input > 0


@pytest.mark.parametrize("method", ["predict_and_call", "apredict_and_call"])
async def test_what_ran_tools_is_never_asked_twice_and_counts_as_not_compared(
    trio: Trio, method: str
) -> None:
    with three_models(OTHER_SUM, weaks=ADDS) as server:
        llm = trio(server)
        assert str(await last_response(llm, method, TOOLS, "How much?")) == "5"
        assert server.calls() == {WEAK: 1}
    assert llm.routing_stats().uncompared == 1
    assert RAN == [(2, 3)]


async def test_a_checker_that_takes_no_tools_leaves_weaks_answer_and_is_counted(
    pair: Callable[..., Any], caplog: pytest.LogCaptureFixture
) -> None:
    llm = pair(escalate_if=Disagreement(MockLLM()))
    for method in WITH_TOOLS:
        response = await last_response(llm, method, TOOLS, "Add 2 and 3.")
        assert response.additional_kwargs["routellm"]["route"] == "weak"
    assert llm.routing_stats().uncompared == len(WITH_TOOLS)
    assert "the checker of escalate_if failed with ValueError" in caplog.text


def sampling(pair: Callable[..., Any], path: Path, **settings: Any) -> RouteLLM:
    shadow: dict[str, Any] = {"mode": "shadow", "shadow_sample": 1.0, "log_text": True, "decision_log": path}
    llm: RouteLLM = pair(prices=PRICES, **{**shadow, **settings})
    return llm


def sampled(llm: RouteLLM, path: Path) -> list[dict[str, Any]]:
    sample = llm.switchboard.dispatcher.sample
    assert sample is not None
    assert sample.flush()
    return [row for row in rows_of(llm, path) if "answers_of" in row]


@pytest.mark.parametrize("method", [*WITH_TOOLS, "predict_and_call", "apredict_and_call"])
async def test_in_shadow_mode_tool_calls_are_sampled_and_run_once(
    pair: Callable[..., Any], tmp_path: Path, method: str
) -> None:
    path = tmp_path / "decisions.jsonl"
    llm = sampling(pair, path)
    options = {"error_on_tool_error": True, "allow_parallel_tool_calls": True} if "predict" in method else {}
    await last_response(llm, method, TOOLS, "Add 2 and 3.", **options)
    (row,) = sampled(llm, path)
    for side in ("strong", "weak"):
        assert json.loads(row["answers"][side]) == [{"name": "add", "arguments": {"a": 2, "b": 3}}]
    assert row["asked_for"] == "tools"
    assert row["tokens"]["weak"]["output"] > 0
    assert ([(2, 3)] if "predict" in method else []) == RAN
    sample = llm.routing_stats().sample
    assert (sample.answered, sample.failed, sample.left_out, sample.cost) == (1, 0, 0, row["cost"])


@pytest.mark.parametrize("method", STRUCTURED)
async def test_in_shadow_mode_objects_are_sampled(
    pair: Callable[..., Any], tmp_path: Path, method: str
) -> None:
    path = tmp_path / "decisions.jsonl"
    llm = sampling(pair, path)
    found = await result_of(llm, method, Price, PROMPT)
    (row,) = sampled(llm, path)
    assert json.loads(row["answers"]["strong"]) == found.model_dump()
    assert set(json.loads(row["answers"]["weak"])) == {"amount", "currency"}
    assert row["asked_for"] == "object"
    assert row["tokens"]["weak"]["output"] > 0


def test_tools_given_to_chat_itself_are_sampled(pair: Callable[..., Any], tmp_path: Path) -> None:
    path = tmp_path / "decisions.jsonl"
    llm = sampling(pair, path)
    llm.chat([ChatMessage("Add 2 and 3.")], tools=[TOOLS[0].metadata.to_openai_tool()])
    (row,) = sampled(llm, path)
    assert json.loads(row["answers"]["weak"]) == [{"name": "add", "arguments": {"a": 2, "b": 3}}]


def test_a_call_that_weak_cant_serve_is_left_out_and_counted(
    pair: Callable[..., Any], tmp_path: Path
) -> None:
    path = tmp_path / "decisions.jsonl"
    llm = sampling(pair, path, weak_lacks={"tools"})
    llm.chat_with_tools(TOOLS, "Add 2 and 3.")
    assert sampled(llm, path) == []
    assert llm.routing_stats().sample == SampleStats(left_out=1, cost=0.0)
