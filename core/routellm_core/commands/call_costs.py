"""CallCosts: what each call costs with either model, and the prices and tokens behind it."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from routellm_core.commands.price_arguments import (
    NamedPrice,
    add_price_arguments,
    currency_of,
    given_prices,
    side_price,
)
from routellm_core.evaluation.evaluation import Costs
from routellm_core.evaluation.savings_text import money
from routellm_core.evaluation.traffic import ANSWER_TOKENS
from routellm_core.logits import Floats
from routellm_core.routing.list_prices import list_price
from routellm_core.routing.prices import CHARACTERS_PER_TOKEN, TokenUsage
from routellm_core.routing.validation import check_count

CALLS = 1000


@dataclass(frozen=True)
class CallCosts:
    """Costs of n prompts.

    Attributes:
        costs: of each prompt, with either model.
        strong: the strong model's price.
        weak: the weak model's.
        tokens: the source of the tokens, in words.
        usages: n, the tokens themselves.
    """

    costs: Costs
    strong: NamedPrice
    weak: NamedPrice
    tokens: str
    usages: Sequence[TokenUsage]

    @property
    def currency(self) -> str:
        """The prefix of amounts: "$" for list prices, "" if unknown."""
        return currency_of((self.strong, self.weak))

    def columns(self) -> Floats:
        """Return input, output and cached input of each prompt, shape (3, n)."""
        rows = [(usage.input, usage.output, usage.cached_input) for usage in self.usages]
        return np.array(rows, dtype=np.float64).T

    def lines(self, to_strong: npt.NDArray[np.bool_]) -> list[str]:
        """Return lines on what a choice of sides, shape (n,), saves, with the prices and tokens used."""
        found = self.values(to_strong)
        routed = money(found["routed"], self.currency)
        weak, strong = (money(found[name], self.currency) for name in ("always_weak", "always_strong"))
        verb = "saves" if found["saved"] >= 0 else "costs more by"
        return [
            f"{verb} {abs(found['saved']):.1%}, from {strong} to {routed} per {CALLS:,} calls; "
            f"always weak {weak}",
            *self.assumptions(),
        ]

    def values(self, to_strong: npt.NDArray[np.bool_]) -> dict[str, float]:
        """Return the same as numbers, per `CALLS` calls; `saved` is a share of always strong."""
        routed = CALLS * float(np.where(to_strong, self.costs.strong, self.costs.weak).mean())
        weak, strong = CALLS * float(self.costs.weak.mean()), CALLS * float(self.costs.strong.mean())
        saved = 1.0 - routed / strong if strong else 0.0
        return {"routed": routed, "always_weak": weak, "always_strong": strong, "saved": saved}

    def assumptions(self) -> list[str]:
        """Return lines on the prices and tokens used."""
        prices = "; ".join(
            f"{one.model} {one.price.input:g} in, {one.price.output:g} out ({one.source})"
            for one in (self.strong, self.weak)
        )
        return [f"prices per million tokens: {prices}", f"tokens: {self.tokens}"]


def add_cost_arguments(parser: ArgumentParser) -> None:
    """Add the arguments about costs."""
    add_price_arguments(parser)
    parser.add_argument(
        "--input-tokens",
        type=int,
        metavar="N",
        help="input tokens per call (default: as logged, or a quarter of the prompt's characters)",
    )
    parser.add_argument(
        "--output-tokens",
        type=int,
        metavar="N",
        help=f"output tokens per call (default: as logged, or {ANSWER_TOKENS}, the paper's mean)",
    )


def call_costs(
    options: Namespace, prompts: Sequence[str], usages: Sequence[TokenUsage | None] = ()
) -> CallCosts | None:
    """Return what each prompt costs with either model; None if no prices are given or known.

    Args:
        options: the command's.
        prompts: n texts.
        usages: n, each call's tokens from a log, or empty.

    Raises:
        ValueError: one price without the other, or a price or count that is not a number >= 0.
    """
    given = given_prices(options)
    listed = [name is not None and list_price(name) is not None for name in (options.strong, options.weak)]
    if not given and not all(listed):
        return None
    strong = side_price("strong", options.strong, given)
    weak = side_price("weak", options.weak, given)
    for name in ("input_tokens", "output_tokens"):
        if getattr(options, name) is not None:
            check_count(getattr(options, name), f"--{name.replace('_', '-')}", at_least=0)
    told = list(usages) or [None] * len(prompts)
    used = [_usage(options, prompt, usage) for prompt, usage in zip(prompts, told, strict=True)]
    costs = Costs(*(np.array([side.price.cost(usage) for usage in used]) for side in (weak, strong)))
    return CallCosts(costs, strong, weak, _words(options, told), used)


def _usage(options: Namespace, prompt: str, told: TokenUsage | None) -> TokenUsage:
    if told is None:
        told = TokenUsage(-(-len(prompt) // CHARACTERS_PER_TOKEN), ANSWER_TOKENS)
    if options.input_tokens is not None:
        told = TokenUsage(options.input_tokens, told.output)
    if options.output_tokens is not None:
        told = TokenUsage(told.input, options.output_tokens, told.cached_input)
    return told


def _words(options: Namespace, told: Sequence[TokenUsage | None]) -> str:
    sent, output = options.input_tokens, options.output_tokens
    known = sum(usage is not None for usage in told)
    if known == len(told) and sent is None and output is None:
        return f"as logged, for {known:,} prompts"
    logged = f"as logged for {known:,} of {len(told):,} prompts; for the rest " if known else "assumed, "
    read = "a quarter of the prompt's characters" if sent is None else f"{sent:,}"
    wrote = f"{ANSWER_TOKENS} (the paper's mean answer)" if output is None else f"{output:,}"
    return f"{logged}{read} in, {wrote} out"
