"""A tool loop that is stuck goes on with strong, by its messages alone."""

from __future__ import annotations

from typing import Any

import pytest
from langchain_core.language_models import GenericFakeChatModel
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, ToolMessage
from langchain_core.tools import tool

from langchain_routellm import ChatRouteLLM
from langchain_routellm.tool_steps import tool_schemas, tool_steps

from tests.langchain.conftest import Pair
from tests.routers import KeywordRouter

LIMITS = {"repeated_tool_call": 3, "tool_errors": 2, "invalid_tool_call": 1}


class ToolModel(GenericFakeChatModel):
    """Says what it was given, whatever its tools are."""

    def bind_tools(self, tools: Any, **kwargs: Any) -> Any:
        return self


@tool
def search(query: str) -> str:
    """Search."""
    return query


def loop(*calls: tuple[str, Any, str]) -> list[BaseMessage]:
    """A person's question, and for each call what the model called and how its result is marked."""
    messages: list[BaseMessage] = [HumanMessage("an easy question of the usual kind")]
    for number, (name, arguments, status) in enumerate(calls):
        call = {"name": name, "args": arguments, "id": f"call_{number}"}
        messages.append(AIMessage("", tool_calls=[call]))
        messages.append(ToolMessage("result", tool_call_id=f"call_{number}", status=status))  # type: ignore[arg-type]
    return messages


FINE = ("search", {"query": "a"}, "success")


def reason(pair: Pair, *calls: tuple[str, Any, str]) -> tuple[str, str]:
    llm = pair(escalate_when=LIMITS)
    record = llm.bind_tools([search]).invoke(loop(*calls)).response_metadata["routellm"]
    return record["route"], record["reason"]


def test_a_loop_that_goes_on_stays_where_it_is(pair: Pair) -> None:
    assert reason(pair, FINE, FINE, ("search", {"query": "b"}, "error")) == ("weak", "score")


@pytest.mark.parametrize(
    "calls",
    [
        [FINE, FINE, FINE],
        [("search", {"query": "a"}, "error"), ("search", {"query": "b"}, "error")],
        [("find", {"query": "a"}, "success")],
        [("search", {"text": "a"}, "success")],
        [("search", {"query": 7}, "success"), FINE],
    ],
)
def test_a_stuck_loop_goes_to_strong(pair: Pair, calls: list[Any]) -> None:
    assert reason(pair, *calls) == ("strong", "stuck")


def test_the_next_question_begins_anew(pair: Pair) -> None:
    talk = [*loop(FINE, FINE, FINE), AIMessage("done"), HumanMessage("another easy question of that kind")]
    assert tool_steps(talk) == []
    llm = pair(escalate_when=LIMITS)
    assert llm.bind_tools([search]).invoke(talk).response_metadata["routellm"]["reason"] == "score"


def test_it_is_off_unless_asked_for(pair: Pair) -> None:
    record = pair().bind_tools([search]).invoke(loop(FINE, FINE, FINE)).response_metadata["routellm"]
    assert record["route"] == "weak"


def test_a_call_that_is_no_json_is_a_step_too() -> None:
    broken = {"name": "search", "args": "{", "id": "c", "error": "no JSON", "type": "invalid_tool_call"}
    messages = [HumanMessage("?"), AIMessage("", invalid_tool_calls=[broken])]  # type: ignore[list-item]
    (step,) = tool_steps([*messages, ToolMessage("no", tool_call_id="c", status="error")])
    assert (step.name, step.arguments, step.failed) == ("search", "{", True)


def test_a_providers_own_tools_have_no_schema() -> None:
    assert tool_schemas([{"type": "web_search"}]) == {}
    assert tool_schemas(None) == {}


def test_what_is_no_limit_is_refused(pair: Pair) -> None:
    with pytest.raises(ValueError, match=r"escalate_when is {'errors': 1}, expected counts of some of"):
        pair(escalate_when={"errors": 1})


@pytest.mark.parametrize(("arguments", "route"), [({"text": "a"}, "strong"), ({"query": "a"}, "weak")])
@pytest.mark.parametrize("invoke", ["invoke", "ainvoke"])
async def test_a_wrong_call_of_weaks_goes_to_strong_before_any_tool_runs(
    arguments: dict[str, str], route: str, invoke: str
) -> None:
    called = AIMessage("", tool_calls=[{"name": "search", "args": arguments, "id": "c"}])
    llm = ChatRouteLLM(
        strong=ToolModel(messages=iter([AIMessage("from strong")])),
        weak=ToolModel(messages=iter([called])),
        router=KeywordRouter("hard"),
        threshold=0.5,
        escalate_on="invalid_tool_call",
    )
    bound = llm.bind_tools([search])
    answer = bound.invoke("easy") if invoke == "invoke" else await bound.ainvoke("easy")
    assert answer.response_metadata["routellm"]["route"] == route
    assert llm.routing_stats().escalations == int(route == "strong")
