"""The shipped table of list prices is read under the names that clients and logs use."""

from datetime import date

import pytest

from routellm_core.routing.list_prices import list_price, list_prices, listed_prices
from routellm_core.routing.prices import Price


@pytest.mark.parametrize(
    "name", ["gpt-4o", "openai:gpt-4o", "openai/gpt-4o", "GPT-4o", "gpt-4o-2024-08-06", "azure/openai/gpt-4o"]
)
def test_one_model_has_many_names(name: str) -> None:
    found = list_price(name)

    assert found is not None
    assert found.model == "gpt-4o"


@pytest.mark.parametrize("name", ["claude-sonnet-4-20250514", "anthropic:claude-sonnet-4-latest"])
def test_dates_of_anthropic_are_left_out(name: str) -> None:
    found = list_price(name)

    assert found is not None
    assert found.model == "claude-sonnet-4"


@pytest.mark.parametrize("name", ["my-own-model", "", "gpt-4o-mini-transcribe", "claude"])
def test_what_is_not_in_it_has_no_price(name: str) -> None:
    assert list_price(name) is None


def test_each_row_is_dated_and_cited_and_makes_sense() -> None:
    assert len(list_prices()) > 30
    for row in list_prices().values():
        assert date.fromisoformat(row.as_of).year >= 2023
        assert row.source.startswith("https://")
        assert 0 < row.price.input <= row.price.output
        assert row.price.cached_input is None or row.price.cached_input < row.price.input


def test_a_pair_has_list_prices_and_their_dates_are_logged(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level("INFO", "routellm"):
        found = listed_prices({"strong": "gpt-4o", "weak": "openai/gpt-4o-mini"})

    assert found == {"strong": Price(2.5, 10, 1.25), "weak": Price(0.15, 0.6, 0.075)}
    assert "strong: list price of gpt-4o as of 20" in caplog.text


@pytest.mark.parametrize(
    ("name", "words"), [("my-own", "'my-own' has no list price"), (None, "the model has no name")]
)
def test_a_model_without_a_list_price_is_named(name: str | None, words: str) -> None:
    with pytest.raises(ValueError, match=rf"{words} \(weak\): give prices="):
        listed_prices({"strong": "gpt-4o", "weak": name})
