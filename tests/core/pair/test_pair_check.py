"""A pair from which nothing can be saved is warned of when it is made."""

from __future__ import annotations

import warnings

import pytest

from routellm_core.pair.pair_check import PairWarning, warn_of_slips
from routellm_core.routing.prices import Price, Prices

CHEAP, DEAR = Price(1, 2), Price(10, 20)


@pytest.mark.parametrize(
    ("same", "strong", "weak", "prices", "message"),
    [
        (True, None, None, None, "the same model"),
        (False, "openai:gpt-4o-mini", "openai:gpt-4o", None, "by list price"),
        (False, None, None, Prices(CHEAP, DEAR), "by prices="),
        # one's own prices beat the list
        (False, "gpt-4o", "gpt-4o-mini", Prices(CHEAP, DEAR), "by prices="),
    ],
)
def test_slips(same: bool, strong: str | None, weak: str | None, prices: Prices | None, message: str) -> None:
    with pytest.warns(PairWarning, match=message):
        warn_of_slips(same=same, strong=strong, weak=weak, prices=prices)


@pytest.mark.parametrize(
    ("strong", "weak", "prices"),
    [
        ("gpt-4o", "gpt-4o-mini", None),
        ("gpt-4o-mini", "a model of one's own", None),
        ("gpt-4o-mini", "gpt-4o", Prices(DEAR, CHEAP)),
        # dearer to ask and cheaper to hear: nobody swapped anything
        (None, None, Prices(Price(1, 20), Price(2, 10))),
    ],
)
def test_pairs_in_order(strong: str | None, weak: str | None, prices: Prices | None) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warn_of_slips(same=False, strong=strong, weak=weak, prices=prices)
