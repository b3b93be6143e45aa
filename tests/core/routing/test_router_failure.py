"""Router failures: a gate without a verdict leaves the answer where it is, unless one asks for its error."""

import warnings
from collections.abc import Sequence
from dataclasses import replace

import pytest

from routellm_core import RoutingRequest
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
