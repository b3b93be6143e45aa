import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from routellm_core import Decision
from routellm_core.routing.decision import Route
from routellm_core.routing.escalation import Escalation, UnparsedAnswerError
from routellm_core.routing.prices import TokenUsage

WEAK = Decision("weak", 0.25, 0.5, "score", "random")
STRONG = Decision("strong", 0.75, 0.5, "score", "random")


class BusyError(Exception):
    pass


class VeryBusyError(BusyError):
    pass


class CodedError(Exception):
    def __init__(self, code: object) -> None:
        super().__init__(code)
        self.code = code


def unparsed() -> UnparsedAnswerError:
    return UnparsedAnswerError(None, None, TokenUsage())


def test_by_default_every_error_is_the_answer() -> None:
    for decision in (WEAK, STRONG):
        for error in (BusyError(), CodedError("context_length_exceeded"), unparsed(), CodedError(None)):
            assert Escalation.from_settings().after_error(decision, error) is None
        assert Escalation.from_settings().after_answer(decision, "answer") is None


@pytest.mark.parametrize("given", [BusyError, (BusyError,), [TimeoutError, BusyError], {BusyError}])
def test_named_errors_of_weak_go_to_strong_and_those_of_strong_stay(given: Any) -> None:
    escalation = Escalation.from_settings(escalate_on=given)

    assert escalation.after_error(WEAK, BusyError()) == WEAK.escalated("strong")
    assert escalation.after_error(WEAK, VeryBusyError()) == WEAK.escalated("strong")
    assert escalation.after_error(WEAK, KeyError()) is None
    assert escalation.after_error(STRONG, BusyError()) is None


def test_the_reverse_is_asked_for_by_its_own_setting() -> None:
    escalation = Escalation.from_settings(escalate_strong_on=BusyError)

    assert escalation.after_error(STRONG, BusyError()) == STRONG.escalated("weak")
    assert escalation.after_error(WEAK, BusyError()) is None


def test_some_errors_of_weak_always_escalate() -> None:
    escalation = Escalation.from_settings(
        escalate_on=TimeoutError, always=(BusyError,), always_codes=["too_long"]
    )

    for error in (BusyError(), TimeoutError(), CodedError("too_long")):
        assert escalation.after_error(WEAK, error) == WEAK.escalated("strong")
        assert escalation.after_error(STRONG, error) is None
    assert escalation.after_error(WEAK, CodedError("rate_limited")) is None


@pytest.mark.parametrize("first", [WEAK, STRONG])
def test_a_call_escalates_once_only(first: Decision) -> None:
    escalation = Escalation.from_settings(
        escalate_on=[BusyError, "parse_error"], escalate_strong_on=BusyError, escalate_if=lambda answer: True
    )
    second = escalation.after_error(first, BusyError())

    assert second is not None
    assert escalation.after_error(second, BusyError()) is None
    assert escalation.after_error(second, unparsed()) is None
    assert escalation.after_answer(second, "answer") is None


@pytest.mark.parametrize("given", ["parse_error", ["parse_error"], (BusyError, "parse_error")])
def test_parse_errors_of_weak_escalate_where_asked_for(given: Any) -> None:
    escalation = Escalation.from_settings(escalate_on=given)

    assert escalation.after_error(WEAK, unparsed()) == WEAK.escalated("strong")
    assert escalation.after_error(STRONG, unparsed()) is None


def test_naming_every_error_does_not_name_parse_errors() -> None:
    assert Escalation.from_settings(escalate_on=Exception).after_error(WEAK, unparsed()) is None


def test_a_rejected_answer_of_weak_goes_to_strong() -> None:
    seen: list[str] = []

    def rejects(answer: str) -> bool:
        seen.append(answer)
        return answer == "bad"

    escalation = Escalation.from_settings(escalate_if=rejects)

    assert escalation.after_answer(WEAK, "bad") == WEAK.escalated("strong")
    assert escalation.after_answer(WEAK, "good") is None
    assert escalation.after_answer(STRONG, "bad") is None
    assert seen == ["bad", "good"], "answers of strong are not even looked at"


@pytest.mark.parametrize("setting", ["escalate_on", "escalate_strong_on"])
@pytest.mark.parametrize(
    "value",
    ["parse-error", None, 429, BusyError(), [BusyError, 429], int, KeyboardInterrupt, asyncio.CancelledError],
)
def test_what_is_no_type_of_exception_is_refused_by_name(setting: str, value: Any) -> None:
    named = value[1] if isinstance(value, list) else value
    with pytest.raises(ValueError, match=f"^{setting} holds ") as caught:
        Escalation.from_settings(**{setting: value})

    assert f"{setting} holds {named!r}, expected types of Exception" in str(caught.value)
    assert ("'invalid_tool_call' or 'parse_error'" in str(caught.value)) == (setting == "escalate_on")


def test_parse_errors_of_strong_have_nowhere_to_go() -> None:
    with pytest.raises(ValueError, match="escalate_strong_on holds 'parse_error'"):
        Escalation.from_settings(escalate_strong_on="parse_error")


async def rejects_later(answer: str) -> bool:
    return False


@pytest.mark.parametrize("value", [True, "function", rejects_later])
def test_escalate_if_is_a_plain_function(value: Any) -> None:
    with pytest.raises(
        ValueError, match=r"^escalate_if is .*, expected a plain function of an answer, or Disagreement"
    ):
        Escalation.from_settings(escalate_if=value)


@pytest.mark.parametrize("other", [lambda answer: 1 / 0, lambda answer: [].pop()])
def test_an_error_of_escalate_if_reaches_the_caller(other: Callable[[Any], bool]) -> None:
    with pytest.raises((ZeroDivisionError, IndexError)):
        Escalation.from_settings(escalate_if=other).after_answer(WEAK, "answer")


def test_the_unparsed_answer_carries_what_the_host_had() -> None:
    error = ValueError()
    unparsed_answer = UnparsedAnswerError({"parsed": None}, error, TokenUsage(1, 2))

    assert (unparsed_answer.outcome, unparsed_answer.error) == ({"parsed": None}, error)
    assert unparsed_answer.usage == TokenUsage(1, 2)


@pytest.mark.parametrize("route", ["strong", "weak"])
def test_a_decision_that_no_score_made_escalates_too(route: Route) -> None:
    forced = Decision(route, None, 0.5, "forced", "random")
    escalation = Escalation.from_settings(escalate_on=BusyError, escalate_strong_on=BusyError)

    following = escalation.after_error(forced, BusyError())

    assert following == Decision("weak" if route == "strong" else "strong", None, 0.5, "escalated", "random")
