"""DemoSettings: what the command line asks of the demo."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass

from routellm_core.preferences.reading.prompts import read_prompts
from routellm_core.routing.prices import Price, Prices
from routellm_core.routing.validation import check_fraction

from examples.demo.prompts import CHAIN_PROMPTS

LIST_PRICES = {"gpt-4o": Price(2.50, 10.00, 1.25), "gpt-4o-mini": Price(0.15, 0.60, 0.075)}
"""OpenAI's list prices in US dollars per million tokens: input, output, cached input."""


@dataclass(frozen=True)
class DemoSettings:
    """Prompts for the chain, and how to route and price all calls.

    Attributes:
        strong: the strong model's name; None leaves it to the environment.
        weak: the weak model's.
        strong_price: None for the list price.
        weak_price: the same.
    """

    prompts: Sequence[str]
    router: str
    strong_share: float
    strong: str | None
    weak: str | None
    strong_price: Price | None
    weak_price: Price | None

    @classmethod
    def from_arguments(cls, arguments: Sequence[str] | None) -> DemoSettings:
        """Read the command line.

        Raises:
            ValueError: a prompts file or a price that is not one; the message names it.
        """
        given = _parser().parse_args(arguments)
        return cls(
            prompts=read_prompts(given.prompts) if given.prompts else CHAIN_PROMPTS,
            router=given.router,
            strong_share=check_fraction(given.strong_share, "--strong-share"),
            strong=given.strong,
            weak=given.weak,
            strong_price=Price(*given.strong_price) if given.strong_price else None,
            weak_price=Price(*given.weak_price) if given.weak_price else None,
        )

    def prices(self, strong: str, weak: str) -> Prices:
        """Return the prices of the two models.

        Raises:
            ValueError: a model has no list price here and none was given.
        """
        return Prices(
            self.strong_price or _list_price(strong, "strong"), self.weak_price or _list_price(weak, "weak")
        )


def _list_price(model: str, side: str) -> Price:
    if model not in LIST_PRICES:
        raise ValueError(
            f"the price of {model} is not known here: give --{side}-price IN OUT, per million tokens."
        )
    return LIST_PRICES[model]


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m examples.demo",
        description="Route a chain, an agent and a query engine between a strong and a weak model, and show "
        "in one table what went where and what it cost. Without OPENAI_API_KEY, a stand-in server on "
        "this machine answers.",
    )
    parser.add_argument(
        "--prompts",
        metavar="FILE",
        help='prompts for the chain: JSON Lines {"prompt": ...}, CSV or text; or .gz',
    )
    parser.add_argument(
        "--strong-share", type=float, default=0.3, help="share of calls for strong (default 0.3)"
    )
    parser.add_argument(
        "--router", default="default", help="the router: a name or a folder (default: default)"
    )
    for side, model in (("strong", "gpt-4o"), ("weak", "gpt-4o-mini")):
        parser.add_argument(f"--{side}", metavar="MODEL", help=f"the {side} model (default {model})")
        parser.add_argument(
            f"--{side}-price",
            type=float,
            nargs=2,
            metavar=("IN", "OUT"),
            help="its price per million tokens (default: OpenAI's list price)",
        )
    return parser
