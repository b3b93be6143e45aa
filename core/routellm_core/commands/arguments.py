"""Arguments that several commands share, and what is read from them."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from collections.abc import Sequence
from typing import Any

import numpy as np

from routellm_core.evaluation.evaluation import Costs
from routellm_core.evaluation.stored_scores import StoredScores, default_store
from routellm_core.routing.prices import Price, TokenUsage
from routellm_core.routing.validation import check_count

CHARACTERS_PER_TOKEN = 4
"""The usual estimate for English, where no tokenizer is at hand."""

OUTPUT_TOKENS = 264
"""The paper's mean answer (appendix D)."""


def add_score_arguments(parser: ArgumentParser) -> None:
    """Say what a command takes about stored scores."""
    parser.add_argument(
        "--scores",
        metavar="FILE",
        default=default_store(),
        help="where the scores of slow routers are kept (default: %(default)s)",
    )
    parser.add_argument("--no-scores", action="store_true", help="keep no scores")


def stored_scores(options: Namespace) -> StoredScores:
    """Return the store that the arguments name; one that keeps nothing where that is asked for."""
    return StoredScores(None if options.no_scores else options.scores)


def add_cost_arguments(parser: ArgumentParser) -> None:
    """Say what a command takes about costs."""
    for side in ("strong", "weak"):
        parser.add_argument(
            f"--{side}-price",
            nargs=2,
            type=float,
            metavar=("IN", "OUT"),
            help=f"what the {side} model costs per million input and output tokens",
        )
    parser.add_argument(
        "--input-tokens",
        type=int,
        metavar="N",
        help="input tokens of a call, where the model sees more than the prompt (default: a quarter of its "
        "characters)",
    )
    parser.add_argument(
        "--output-tokens",
        type=int,
        default=OUTPUT_TOKENS,
        metavar="N",
        help="output tokens of a call (default: %(default)s, the paper's mean)",
    )


def costs_of(options: Namespace, prompts: Sequence[str]) -> Costs | None:
    """Return what each prompt costs with either model; None where no prices are given.

    Raises:
        ValueError: one price without the other, or a price or count that is not a number >= 0.
    """
    given = {side: getattr(options, f"{side}_price") for side in ("strong", "weak")}
    if given["strong"] is None and given["weak"] is None:
        return None
    for side, price in given.items():
        if price is None:
            raise ValueError(f"--{side}-price is missing: give the prices of both models, or of none.")
    for name in ("input_tokens", "output_tokens"):
        count = getattr(options, name)
        if count is not None:
            check_count(count, f"--{name.replace('_', '-')}", at_least=0)
    usages = [_usage(options, prompt) for prompt in prompts]
    made = {side: _price(price, f"--{side}-price") for side, price in given.items()}
    weak, strong = (np.array([made[side].cost(usage) for usage in usages]) for side in ("weak", "strong"))
    return Costs(weak, strong)


def _usage(options: Namespace, prompt: str) -> TokenUsage:
    tokens = options.input_tokens
    return TokenUsage(
        -(-len(prompt) // CHARACTERS_PER_TOKEN) if tokens is None else tokens, options.output_tokens
    )


def _price(given: Any, field: str) -> Price:
    try:
        return Price(*given)
    except ValueError as error:
        raise ValueError(f"{field}: {error}") from None
