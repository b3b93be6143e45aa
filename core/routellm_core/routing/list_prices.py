"""List prices: providers' public prices of some models, for users without prices of their own.

A small table that goes out of date: each row says since when it held and where to check it.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

from routellm_core.routing.decision import Route
from routellm_core.routing.model_names import bare_name, undated_name
from routellm_core.routing.prices import Price

_LOG = logging.getLogger("routellm")

LISTED: Final = "list"
"""The setting `prices="list"`: each model's list price, by its name."""

_FILE = Path(__file__).with_name("list_prices.json")


@dataclass(frozen=True)
class ListPrice:
    """One row of the table.

    Attributes:
        model: its name, without a date.
        price: in US dollars per million tokens.
        as_of: the day from which it held, such as "2025-04-14".
        source: the page where the provider publishes it.
    """

    model: str
    price: Price
    as_of: str
    source: str


@cache
def list_prices() -> Mapping[str, ListPrice]:
    """Return the shipped table, by model."""
    rows = json.loads(_FILE.read_bytes())["prices"]
    return {
        row["model"]: ListPrice(
            row["model"],
            Price(row["input"], row["output"], row.get("cached_input")),
            row["as_of"],
            row["source"],
        )
        for row in rows
    }


def list_price(model: str) -> ListPrice | None:
    """Return the row of a model, under any name that clients and logs use; None if there is none.

    "openai:gpt-4o", "openai/gpt-4o" and "gpt-4o-2024-08-06" are all "gpt-4o".
    """
    table = list_prices()
    return table.get(bare_name(model)) or table.get(undated_name(model))


def listed_prices(models: Mapping[Route, str | None]) -> dict[Route, Price]:
    """Return the list price of each side's model; the logger `routellm` says at level INFO which these are.

    Args:
        models: side -> the model's name; None if it has none.

    Raises:
        ValueError: a model has no list price; the message names it.
    """
    found = {}
    for side, name in models.items():
        row = list_price(name) if name else None
        if row is None:
            lacks = f"{name!r} has no list price" if name else "the model has no name"
            raise ValueError(
                f"prices is {LISTED!r}, but {lacks} ({side}): give prices={{{side!r}: {{'input': ..., "
                "'output': ...}, ...} per million tokens."
            )
        _LOG.info("%s: list price of %s as of %s, %s", side, name, row.as_of, row.source)
        found[side] = row.price
    return found
