"""Router failures: a gate without a verdict leaves the answer where it is, unless one asks for its error."""

import math
import warnings
from collections.abc import Callable, Sequence
from dataclasses import replace

import pytest

from routellm_core import RoutingRequest
from routellm_core.routing.drift import ExpectedTraffic
from routellm_core.routing.prices import Price, Prices
from routellm_core.routing.router_failure import RouterWarning

from tests.core.dispatched_calls import Answer, Models, dispatcher


def broken(message: object) -> bool:
    raise ZeroDivisionError(f"secret {message}")


def test_a_gate_that_fails_leaves_the_answer(answer: Answer) -> None:
    it, models = dispatcher(escalate_if=broken), Models({"weak": "weak", "strong": "STRONG"})

    with pytest.warns(RouterWarning) as told:
        assert answer(it, "easy", models) == "weak"

    assert [str(warning.message) for warning in told] == [
        "escalate_if failed with ZeroDivisionError; the answer of weak stays. "
        "Set on_router_error='raise' to see the error."
    ]
    stats = it.counter.snapshot()
    assert (models.routes, stats.escalations, stats.gate_failures) == (["weak"], 0, 1)
    assert stats.weak.tokens.output == 4


def test_a_gate_that_fails_fails_the_call_where_that_was_asked_for(answer: Answer) -> None:
    it = dispatcher(escalate_if=broken)
    raising = replace(it, policy=replace(it.policy, on_router_error="raise"))

    with pytest.raises(ZeroDivisionError, match="secret weak"):
        answer(raising, "easy", Models({"weak": "weak", "strong": "STRONG"}))


def test_a_streamed_answer_is_shown_where_the_gate_fails() -> None:
    it = dispatcher(escalate_if=broken)

    def whole(parts: Sequence[str]) -> str:
        return "".join(parts)

    decision = it.decide(RoutingRequest("easy"))
    with pytest.warns(RouterWarning, match="escalate_if failed"):
        parts = list(it.stream(decision, lambda _: (part for part in "weak"), bool, whole))

    assert (whole(parts), it.counter.snapshot().gate_failures) == ("weak", 1)


def test_warnings_as_errors_fail_no_call_either(answer: Answer) -> None:
    models = Models({"weak": "weak", "strong": "STRONG"})

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert answer(dispatcher(escalate_if=broken), "easy", models) == "weak"


class Panic(BaseException):
    """What a library's panic looks like: no Exception."""


def panicking(*given: object) -> bool:
    raise Panic


def test_a_gate_that_panics_leaves_the_answer(answer: Answer) -> None:
    it = dispatcher(escalate_if=panicking)
    with pytest.warns(RouterWarning, match="failed with RouterError"):
        assert answer(it, "easy", Models({"weak": "weak", "strong": "STRONG"})) == "weak"


@pytest.mark.parametrize("name", ["knows", "reading_cost"])
@pytest.mark.parametrize(
    "told", [panicking, broken, lambda prompt: "much", lambda prompt: -1.0, lambda prompt: math.inf]
)
def test_a_router_that_cant_say_more_than_a_score_fails_no_call(
    answer: Answer, name: str, told: Callable[[str], object], monkeypatch: pytest.MonkeyPatch
) -> None:
    it = dispatcher(prices=Prices(Price(1.0, 1.0), Price(1.0, 1.0)))
    monkeypatch.setattr(it.policy.router, name, told)
    it.counter.expected = ExpectedTraffic(knows=it.policy.router.knows)
    assert answer(it, "easy", Models({"weak": "weak", "strong": "STRONG"})) == "weak"
    assert it.decide(RoutingRequest("easy")).account.read_cost == 0.0  # type: ignore[union-attr]  # priced
