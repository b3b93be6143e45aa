import math
from typing import Any

import pytest

from routellm_core import RoutingRequest
from routellm_core.routing.override import RoutingOverride
from routellm_core.routing.request import scored_text

FIFTEEN, SIXTEEN = "x" * 15, "y" * 16


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        ([], None),
        (["", "  \n"], None),
        (["Prove Fermat's last theorem.", "yes"], "Prove Fermat's last theorem."),
        (["What is a functor?", "And what is a monad?"], "And what is a monad?"),
        (["What is a functor?", "And what is a monad?", "go on", "yes"], "And what is a monad?"),
        (["hello", "yes"], "yes"),
        ([SIXTEEN, FIFTEEN], SIXTEEN),
        (["What is a functor?", SIXTEEN], SIXTEEN),
        ([SIXTEEN, f"  {FIFTEEN}  "], SIXTEEN),
        (["What is a functor?", "   "], "What is a functor?"),
        (["  What is a functor?\n"], "What is a functor?"),
    ],
)
def test_a_short_follow_up_gives_way_to_the_latest_earlier_text_of_sixteen_characters(
    texts: list[str], expected: str | None
) -> None:
    assert scored_text(texts) == expected


def test_an_override_sets_what_the_request_leaves_open() -> None:
    request = RoutingRequest(text="stuffed prompt", threshold=0.1)

    overridden = request.overridden(RoutingOverride(question="question", threshold=0.5, route="weak"))

    assert overridden == RoutingRequest("stuffed prompt", threshold=0.1, question="question", route="weak")
    assert overridden.scored == "question"


def test_an_override_of_zero_or_of_an_empty_question_is_one() -> None:
    overridden = RoutingRequest(text="text").overridden(RoutingOverride(threshold=0.0, question=""))

    assert (overridden.threshold, overridden.scored) == (0.0, "")


def test_overrides_that_set_nothing_change_nothing() -> None:
    request = RoutingRequest(text="text", threshold=0.5, route="weak")

    assert request.overridden(RoutingOverride()) is request
    assert request.overridden(RoutingOverride(threshold=0.9)) is request


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"threshold": math.nan}, "threshold is nan"),
        ({"threshold": 1.5}, "threshold is 1.5"),
        ({"route": "medium"}, "route is 'medium'"),
        ({"sticky": "medium"}, "sticky is 'medium'"),
    ],
)
def test_a_value_that_is_not_one_is_refused_by_name(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=f"^{message}, expected"):
        RoutingRequest(text="text", **settings)
