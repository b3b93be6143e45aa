"""When a tool loop is stuck."""

import pytest

from routellm_core.routing.tool_loop import StuckLimits, ToolStep

SCHEMAS = {"search": {"properties": {"query": {"type": "string"}}, "required": ["query"]}}
LIMITS = {"repeated_tool_call": 3, "tool_errors": 2, "invalid_tool_call": 1}


def stuck(*steps: ToolStep, **limits: int) -> bool:
    return StuckLimits.from_value(limits or LIMITS).are_reached(steps, SCHEMAS)


def call(query: object = "a", name: str = "search", failed: bool | None = False) -> ToolStep:
    return ToolStep(name, {"query": query}, failed)


def test_a_loop_that_goes_on_is_not_stuck() -> None:
    assert not stuck()
    assert not stuck(call("a"), call("a"), call("b", failed=True), call("c", failed=None))


def test_the_same_call_again_and_again() -> None:
    assert stuck(call("a"), call("b"), call("a"), call("a"))
    assert not stuck(call("a"), call("b"), call("a"), call("a"), tool_errors=1)


def test_results_that_are_errors() -> None:
    assert stuck(call("a", failed=True), call("b", failed=True))


@pytest.mark.parametrize(
    "step", [call(name="find"), call(7), ToolStep("search", {}), ToolStep("search", "{")]
)
def test_a_call_that_no_tool_takes(step: ToolStep) -> None:
    assert stuck(step)
    assert not StuckLimits(invalid_tool_call=1).are_reached([step], {})


def test_odd_arguments_are_compared_all_the_same() -> None:
    odd = ToolStep("search", {"query": {1, 2}})
    assert StuckLimits(repeated_tool_call=2).are_reached([odd, odd], {})


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ({}, "escalate_when is {}, expected counts of some of"),
        ({"errors": 1}, "expected counts of some of"),
        ({"tool_errors": 0}, r"escalate_when\['tool_errors'\] is 0, expected a whole number of at least 1"),
    ],
)
def test_what_is_no_limit_is_refused(value: dict[str, int], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        StuckLimits.from_value(value)
