import json
import math
import re
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from routellm_core import RoutingPolicy
from routellm_core.routers.random_router import RandomRouter
from routellm_core.routing.validation import check_fraction, check_route

NOT_FRACTIONS = [
    math.nan,
    math.inf,
    -math.inf,
    -0.001,
    1.001,
    2,
    10**400,
    True,
    False,
    np.True_,
    np.float64("nan"),
    "0.5",
    b"0.5",
    bytearray(b"0.5"),
    None,
    [0.5],
    np.array([0.5]),
    0.5j,
    object(),
]


def whole(message: str) -> str:
    return f"^{re.escape(message)}$"


@pytest.mark.parametrize("value", NOT_FRACTIONS, ids=repr)
def test_what_is_no_number_in_zero_to_one_is_refused_by_field_and_value(value: Any) -> None:
    with pytest.raises(ValueError, match=whole(f"strong_share is {value!r}, expected a number in [0, 1].")):
        check_fraction(value, "strong_share")


@pytest.mark.parametrize(
    "value",
    [0, 1, 0.0, 0.5, 1.0, np.float64(0.5), np.float32(0.5), np.int64(1), Decimal("0.5"), Fraction(1, 2)],
)
def test_a_number_in_zero_to_one_comes_back_as_float(value: Any) -> None:
    checked = check_fraction(value, "threshold")

    assert type(checked) is float
    assert checked == value


def test_a_route_comes_back_as_plain_string() -> None:
    class Side(StrEnum):
        STRONG = "strong"

    assert check_route("weak", "route") == "weak"
    assert type(check_route(Side.STRONG, "route")) is str
    assert json.dumps(check_route(Side.STRONG, "route")) == '"strong"'


@pytest.mark.parametrize("value", ["", " ", None, 1, ["strong"], np.array(["strong", "weak"])])
def test_what_is_no_route_is_refused_by_field_and_value(value: Any) -> None:
    expected = f"routellm_route is {value!r}, expected 'strong', 'weak' or the name of a tier."
    with pytest.raises(ValueError, match=whole(expected)):
        check_route(value, "routellm_route")


@pytest.mark.parametrize("value", NOT_FRACTIONS, ids=repr)
def test_the_policy_refuses_the_same_thresholds(value: Any) -> None:
    with pytest.raises(ValueError, match=r"^threshold is "):
        RoutingPolicy(RandomRouter(), value)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"no_text_route": "medium"}, "no_text_route is 'medium', expected 'strong' or 'weak'."),
        ({"no_text_route": None}, "no_text_route is None, expected 'strong' or 'weak'."),
        ({"on_router_error": "ignore"}, "on_router_error is 'ignore', expected 'strong', 'weak' or 'raise'."),
    ],
)
def test_the_policy_refuses_other_settings_by_name(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=whole(message)):
        RoutingPolicy(RandomRouter(), 0.5, **settings)


@pytest.mark.parametrize("router", ["random", None, RandomRouter, lambda prompts: [0.5]])
def test_the_policy_refuses_what_is_no_router(router: Any) -> None:
    with pytest.raises(
        TypeError, match=r"^router is \w+, expected a Router; load_router\(name\) makes one\.$"
    ):
        RoutingPolicy(router, 0.5)
