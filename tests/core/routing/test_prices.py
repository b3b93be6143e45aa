import math
import re
from typing import Any

import pytest

from routellm_core.routing.prices import Price, Prices, TokenUsage

STRONG, WEAK = {"input": 2.5, "output": 10}, {"input": 0.15, "output": 0.6, "cached_input": 0.075}


def test_usages_add_up() -> None:
    assert TokenUsage(1, 2, 1) + TokenUsage(10, 20, 5) == TokenUsage(11, 22, 6)


def test_cost_is_per_million_tokens() -> None:
    assert Price(input=2.5, output=10).cost(TokenUsage(1_000_000, 500_000)) == pytest.approx(2.5 + 5)


def test_cached_input_has_its_own_price_and_is_not_paid_twice() -> None:
    price = Price(input=4, output=10, cached_input=1)

    assert price.cost(TokenUsage(1_000_000, 0, cached_input=750_000)) == pytest.approx(0.25 * 4 + 0.75 * 1)


def test_cached_input_may_be_free() -> None:
    assert Price(input=4, output=10, cached_input=0).cost(TokenUsage(1_000_000, 0, 1_000_000)) == 0


def test_without_a_cached_price_cached_input_costs_as_input() -> None:
    price = Price(input=4, output=10)

    assert price.cost(TokenUsage(1_000_000, 0, cached_input=750_000)) == pytest.approx(4)


def test_prices_are_made_from_plain_mappings_and_from_price_objects() -> None:
    prices = Prices.from_mapping({"strong": STRONG, "weak": Price(**WEAK)})

    assert prices == Prices(Price(2.5, 10), Price(0.15, 0.6, 0.075))
    assert (prices.of("strong"), prices.of("weak")) == (prices.strong, prices.weak)
    assert Prices.from_mapping(prices) is prices


@pytest.mark.parametrize(
    "value", [None, 2.5, [], {}, {"strong": STRONG}, {"strong": STRONG, "weak": WEAK, "medium": WEAK}]
)
def test_prices_without_exactly_both_sides_are_refused(value: Any) -> None:
    with pytest.raises(ValueError, match=r"^prices is .*expected \{'strong': .* per million tokens\.$"):
        Prices.from_mapping(value)


@pytest.mark.parametrize(
    "side", [3, {}, {"input": 1}, {"output": 1}, {"input": 1, "output": 1, "cached": 1}, {"prompt": 1}]
)
def test_a_side_with_missing_or_unknown_prices_is_refused_by_name(side: Any) -> None:
    with pytest.raises(ValueError, match=r"^prices\['weak'\] is .*expected the keys 'input', 'output'"):
        Prices.from_mapping({"strong": STRONG, "weak": side})


@pytest.mark.parametrize("value", [-1, math.nan, math.inf, "2.5", None, True])
@pytest.mark.parametrize("field", ["input", "output"])
def test_a_price_that_is_no_amount_is_refused_by_side_and_field(field: str, value: Any) -> None:
    message = (
        f"prices['strong']: price {field} is {value!r}, expected a number of at least 0, per million tokens."
    )
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        Prices.from_mapping({"strong": {**STRONG, field: value}, "weak": WEAK})


def test_a_cached_price_that_is_no_amount_is_refused() -> None:
    with pytest.raises(ValueError, match="price cached_input is -1"):
        Price(1, 1, cached_input=-1)
