import math
from typing import Any

import pytest

from routellm_core import RoutingRequest
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
        (["What is easy?", "A hard question."], "A hard question."),
        (["hello", "and the inverse?"], "and the inverse?"),
        (["Now do the same for the transpose, please", "yes"], "Now do the same for the transpose, please"),
        (["What is DNA?", "why?"], "What is DNA?"),
        (
            ["Prove that A is invertible.", "and the inverse?", "good, commit it"],
            "Prove that A is invertible.",
        ),
        (["Prove that A is invertible.", "Great. Who painted Guernica?"], "Great. Who painted Guernica?"),
        ([SIXTEEN, FIFTEEN], SIXTEEN),
        (["What is a functor?", SIXTEEN], SIXTEEN),
        ([SIXTEEN, f"  {FIFTEEN}  "], SIXTEEN),
        (["What is a functor?", "   "], "What is a functor?"),
        (["  What is a functor?\n"], "What is a functor?"),
    ],
)
def test_a_follow_up_gives_way_to_the_latest_earlier_text_that_stands_alone(
    texts: list[str], expected: str | None
) -> None:
    assert scored_text(texts) == expected


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"threshold": math.nan}, "threshold is nan"),
        ({"threshold": 1.5}, "threshold is 1.5"),
        ({"route": ""}, "route is ''"),
    ],
)
def test_a_value_that_is_not_one_is_refused_by_name(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=f"^{message}, expected"):
        RoutingRequest(text="text", **settings)
