"""Calls with tools or a schema are compared by their calls and objects, and sampled as others are."""

from __future__ import annotations

import functools
import json
import operator
from pathlib import Path
from typing import Any

import pytest
from langchain.agents import create_agent
from langchain_core.language_models import GenericFakeChatModel
from langchain_core.messages import AIMessage, HumanMessage
from langchain_core.tools import tool
from pydantic import BaseModel

from routellm_core import Disagreement
from routellm_core.routing.sample_stats import SampleStats

from examples.stand_in import Answer
from tests.langchain.conftest import Pair, chat_anthropic, chat_openai
from tests.langchain.operated import SHADOW, shadowed, trio
from tests.two_opinions import (
    ADDS,
    CHECKER,
    COUNTS,
    OTHER_SUM,
    PRICES,
    STRONG,
    STRONGS_SUM,
    WEAK,
    calling,
    three_models,
)

pytestmark = pytest.mark.filterwarnings("ignore:Pydantic serializer warnings")  # ChatOpenAI's own

RAN: list[tuple[int, int]] = []


@tool
def add(a: int, b: int) -> int:
    """Add two numbers."""
    RAN.append((a, b))
    return a + b


class Price(BaseModel):
    """A price."""

    amount: int
    currency: str


TYPED: dict[str, Any] = {
    "title": "Price",
    "type": "object",
    "properties": {"amount": {"type": "integer"}, "currency": {"type": "string"}},
    "required": ["amount", "currency"],
}


def price(amount: float, method: str) -> Answer:
    values: dict[str, Any] = {"amount": amount, "currency": "EUR"}
    return calling(("Price", values)) if method == "function_calling" else Answer(json.dumps(values))


async def asked(llm: Any, how: str) -> Any:
    if how == "invoke":
        return llm.invoke("How much?")
    if how == "ainvoke":
        return await llm.ainvoke("How much?")
    if how == "stream":
        return list(llm.stream("How much?"))
    return [part async for part in llm.astream("How much?")]


def message_of(answer: Any) -> AIMessage:
    message = functools.reduce(operator.add, answer) if isinstance(answer, list) else answer
    assert isinstance(message, AIMessage)
    return message


WAYS = ["invoke", "ainvoke", "stream", "astream"]


@pytest.mark.parametrize("how", WAYS)
@pytest.mark.parametrize(
    ("checkers", "expected"),
    [(ADDS, 3), (calling(("add", {"b": 3, "a": 2})), 3), (OTHER_SUM, 5), (Answer("It is 5."), 5)],
)
async def test_tool_calls_are_compared_by_name_and_arguments(
    checkers: Answer, expected: int, how: str
) -> None:
    RAN.clear()
    with three_models(checkers, weaks=ADDS, strongs=STRONGS_SUM) as server:
        llm = trio(server)
        message = message_of(await asked(llm.bind_tools([add]), how))
        assert [call["args"]["b"] for call in message.tool_calls] == [expected]
        assert server.calls()[CHECKER] == 1
        (body,) = server.bodies(CHECKER)
        assert [each["function"]["name"] for each in body["tools"]] == ["add"]
        assert llm.routing_stats().uncompared == 0
    assert RAN == []


def test_an_agent_runs_each_tool_once_and_a_loop_that_differed_stays_on_strong() -> None:
    RAN.clear()

    def strongs(prompt: Any) -> Answer:
        return Answer("7") if prompt.tool_results else STRONGS_SUM

    with three_models(OTHER_SUM, weaks=ADDS, strongs=strongs) as server:
        agent: Any = create_agent(trio(server), [add])
        found = agent.invoke({"messages": [HumanMessage("How much?")]})
        assert found["messages"][-1].text == "7"
        assert server.calls() == {WEAK: 1, CHECKER: 1, STRONG: 2}
    assert RAN == [(2, 5)]


def test_tool_calls_are_the_users_to_compare() -> None:
    compared: list[Any] = []

    def same(one: Any, other: Any) -> bool:
        compared.append((one, other))
        return bool(one[0].name == other[0].name)

    with three_models(OTHER_SUM, weaks=ADDS) as server:
        llm = trio(server, {"same": same}).bind_tools([add])
        assert message_of(llm.invoke("How much?")).tool_calls[0]["args"] == {"a": 2, "b": 3}
    ((one, other),) = compared
    assert (one[0].arguments, other[0].arguments) == ({"a": 2, "b": 3}, {"a": 2, "b": 4})


@pytest.mark.parametrize("how", WAYS)
@pytest.mark.parametrize("method", ["json_schema", "function_calling"])
@pytest.mark.parametrize("include_raw", [False, True])
@pytest.mark.parametrize(("checkers", "expected"), [(5, 5), (6, 9)])
async def test_objects_of_a_schema_are_compared(
    checkers: int, expected: int, include_raw: bool, method: str, how: str, tmp_path: Path
) -> None:
    answers = {"weaks": price(5, method), "strongs": price(9, method)}
    with three_models(price(checkers, method), **answers) as server:
        llm = trio(server, prices=PRICES)
        structured = llm.with_structured_output(Price, include_raw=include_raw, method=method)
        found = await asked(structured, how)
        if isinstance(found, list):
            parts = [part.get("parsed") if include_raw else part for part in found]
            found = [part for part in parts if part is not None][-1]
        elif include_raw:
            found = found["parsed"]
        assert found == Price(amount=expected, currency="EUR")
        assert server.calls()[CHECKER] == 1
        stats = llm.routing_stats()
    assert (stats.escalations, stats.uncompared) == (int(expected == 9), 0)
    assert stats.checker.tokens.input > 0


@pytest.mark.parametrize(("checkers", "route"), [(COUNTS, "weak"), (COUNTS.replace("7", "8"), "strong")])
def test_long_json_is_compared_as_a_whole(checkers: str, route: str) -> None:
    with three_models(checkers, weaks=COUNTS.replace(", ", ",\n")) as server:
        llm = trio(server).bind(response_format={"type": "json_object"})
        message = message_of(llm.invoke("How much, as json?"))
    assert message.response_metadata["routellm"]["route"] == route


def test_a_checker_that_takes_no_such_call_leaves_weaks_answer_and_is_counted(
    pair: Pair, caplog: pytest.LogCaptureFixture
) -> None:
    unable = GenericFakeChatModel(messages=iter([]))
    llm = pair(escalate_if=Disagreement(unable))
    assert message_of(llm.bind_tools([add]).invoke("Add 2 and 3.")).tool_calls
    assert isinstance(llm.with_structured_output(Price).invoke("The price?"), Price)
    assert llm.routing_stats().uncompared == 2
    assert "the checker of escalate_if failed with NotImplementedError" in caplog.text
    later = pair()
    structured = later.with_structured_output(Price)
    later.escalate_if = Disagreement(unable)
    assert isinstance(structured.invoke("The price?"), Price)
    assert later.routing_stats().uncompared == 1


def test_a_checker_of_strongs_provider_reads_the_loop_that_weak_began(pair: Pair, stand_in: Any) -> None:
    """Weak's own tool calls, in the form of OpenAI's Responses, are turned into the checker's."""
    weak = chat_openai(stand_in, "o-strong", use_responses_api=True)
    checker, strong = (chat_anthropic(stand_in, f"claude-{side}") for side in ("weak", "strong"))
    rule = Disagreement(checker, same=lambda one, other: True)
    agent: Any = create_agent(pair(strong=strong, weak=weak, escalate_if=rule), [add])
    agent.invoke({"messages": [HumanMessage("Add 2 and 3.")]})
    assert stand_in.calls() == {"o-strong": 2, "claude-weak": 2}
    assert stand_in.refused == []


@pytest.mark.parametrize("how", WAYS)
async def test_in_shadow_mode_tool_calls_and_objects_are_sampled(
    pair: Pair, tmp_path: Path, how: str
) -> None:
    RAN.clear()
    path = tmp_path / "decisions.jsonl"
    llm = pair(decision_log=path, **SHADOW)
    message = message_of(await asked(llm.bind_tools([add], tool_choice="any"), how))
    (row,) = shadowed(llm, path)
    for side in ("strong", "weak"):
        (called,) = json.loads(row["answers"][side])
        assert called["name"] == "add"
        assert set(called["arguments"]) == {"a", "b"}
    assert json.loads(row["answers"]["strong"])[0]["arguments"] == message.tool_calls[0]["args"]
    await asked(llm.with_structured_output(TYPED, include_raw=how == "stream"), how)
    await asked(llm.with_structured_output(Price), how)
    _, typed, parsed = shadowed(llm, path)
    assert [row.get("asked_for") for row in shadowed(llm, path)] == ["tools", "object", "object"]
    for row in (typed, parsed):
        assert set(json.loads(row["answers"]["strong"])) == {"amount", "currency"}
        assert set(json.loads(row["answers"]["weak"])) == {"amount", "currency"}
        assert row["tokens"]["weak"]["output"] > 0
    sample = llm.routing_stats().sample
    assert (sample.answered, sample.failed, sample.left_out) == (3, 0, 0)
    assert sample.cost == pytest.approx(sum(row["cost"] for row in shadowed(llm, path)))
    assert RAN == []


def test_a_call_that_weak_cant_serve_is_left_out_and_counted(pair: Pair, tmp_path: Path) -> None:
    path = tmp_path / "decisions.jsonl"
    llm = pair(decision_log=path, weak_lacks={"tools"}, **SHADOW)
    llm.bind_tools([add]).invoke("Add 2 and 3.")
    assert shadowed(llm, path) == []
    assert llm.routing_stats().sample == SampleStats(left_out=1, cost=0.0)


def test_a_weak_model_that_fails_a_sampled_call_is_counted(pair: Pair, stand_in: Any, tmp_path: Path) -> None:
    llm = pair(decision_log=tmp_path / "decisions.jsonl", **SHADOW)
    stand_in.fail_next("gpt-weak", 500)
    assert message_of(llm.bind_tools([add]).invoke("Add 2 and 3.")).tool_calls
    assert shadowed(llm, tmp_path / "decisions.jsonl") == []
    assert llm.routing_stats().sample == SampleStats(failed=1, cost=0.0)
