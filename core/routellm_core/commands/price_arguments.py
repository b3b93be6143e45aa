"""Price arguments: what the two models cost, in the form that all commands share."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from routellm_core.preferences.judging.model_prices import read_model_prices
from routellm_core.routing.list_prices import list_price, list_prices
from routellm_core.routing.prices import Price

SIDES = ("strong", "weak")


@dataclass(frozen=True)
class NamedPrice:
    """A price and its source.

    Attributes:
        model: the model's name.
        price: per million tokens.
        source: where it is from, in words.
        listed: whether it comes from the shipped table, in US dollars.
    """

    model: str
    price: Price
    source: str
    listed: bool = False

    def sentence(self) -> str:
        """Return the price and its source in one line."""
        price = self.price
        return f"{self.model}: {price.input:g} in, {price.output:g} out per million tokens ({self.source})"


def currency_of(prices: Iterable[NamedPrice]) -> str:
    """Return the sign of the currency: dollars if all are of the shipped table, else unknown."""
    return "$" if all(price.listed for price in prices) else ""


def add_price_arguments(parser: ArgumentParser) -> None:
    """Add the arguments about prices."""
    parser.add_argument(
        "--prices",
        nargs="+",
        metavar="PRICE",
        help="MODEL=INPUT,OUTPUT[,CACHED] per million tokens, or a JSON file of model -> input, output "
        "and cached_input; strong and weak work as names too (default: public list prices, if known)",
    )


def given_prices(options: Namespace) -> dict[str, Price]:
    """Return the prices that the user gave, by model.

    Raises:
        DataError: an argument is not a price, or a file holds none.
        ValueError: a price is not a number of at least 0.
    """
    return read_model_prices(options.prices or [])


def pair_prices(options: Namespace) -> tuple[NamedPrice, NamedPrice]:
    """Return the strong model's price and the weak model's: those given, else the shipped list's.

    Raises:
        ValueError: neither source has a price; the message says how to give it.
    """
    given = given_prices(options)
    strong, weak = (side_price(side, getattr(options, side), given) for side in SIDES)
    return strong, weak


def any_prices(options: Namespace) -> bool:
    """Return whether prices are given or known, so that costs can be reported."""
    if options.prices:
        return True
    return all(name and list_price(name) is not None for name in (options.strong, options.weak))


def known_prices(options: Namespace, models: Mapping[str, str]) -> dict[str, NamedPrice]:
    """Return role -> price, given or listed, of models by role; roles without a known price are left out."""
    given = given_prices(options)
    return {
        role: side_price(role, name, given)
        for role, name in models.items()
        if name in given or role in given or list_price(name) is not None
    }


def side_price(side: str, model: str | None, given: Mapping[str, Price]) -> NamedPrice:
    """Return one side's price; see `pair_prices`."""
    for name in (model, side):
        if name is not None and name in given:
            return NamedPrice(model or side, given[name], "as you gave it")
    row = None if model is None else list_price(model)
    if row is not None and model is not None:
        return NamedPrice(model, row.price, f"list price as of {row.as_of}, {row.source}", listed=True)
    name = model or side
    known = ", ".join(sorted(given)) or "none"
    raise ValueError(
        f"no price is known for the {side} model{f' {model!r}' if model else ''}: give --prices "
        f"{name}=INPUT,OUTPUT per million tokens. Given: {known}; {len(list_prices())} models have a list "
        "price."
    )
