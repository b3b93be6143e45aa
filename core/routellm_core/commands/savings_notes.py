"""Savings notes: what `routellm savings` assumed, what the router does not know, and what the log lacks."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Iterator, Sequence

from routellm_core.commands.price_arguments import NamedPrice, currency_of
from routellm_core.commands.quality_lines import DEFAULT_LOSS
from routellm_core.evaluation.savings import Savings
from routellm_core.evaluation.savings_text import counted, few, log_lines, money
from routellm_core.evaluation.traffic import Traffic
from routellm_core.preferences.reading.reading_report import ReadingReport
from routellm_core.routing.validation import check_positive


def savings_notes(
    found: Savings,
    traffic: Traffic,
    prices: Sequence[NamedPrice],
    options: Namespace,
    outside: float | None,
    answer_tokens: float,
    report: ReadingReport,
) -> list[str]:
    """Return the notes, one sentence each.

    Args:
        found: the computed savings.
        traffic: the log's traffic.
        prices: the prices used.
        options: the command's.
        outside: share of the sampled prompts that the router was not trained for; None if unknown.
        answer_tokens: assumed for an answer that is not logged.
        report: how the log was read.
    """
    return [
        *map(_price_note, prices),
        *_token_notes(found, traffic, prices, options, answer_tokens, report),
        *_quality_notes(found, traffic, options, outside),
        *log_lines(traffic, found.per),
    ]


def savings_loss(options: Namespace) -> float:
    """Return the points that the certified row may lose."""
    low, high = options.scale
    loss = DEFAULT_LOSS * (high - low) if options.max_loss is None else options.max_loss
    return check_positive(loss, "--max-loss")


def _price_note(named: NamedPrice) -> str:
    price = named.price
    cached = "" if price.cached_input is None else f", {price.cached_input:g} for cached ones"
    return (
        f"{named.model} costs {price.input:g} per million input tokens{cached}, and {price.output:g} per "
        f"million output tokens ({named.source})"
    )


def _token_notes(
    found: Savings,
    traffic: Traffic,
    prices: Sequence[NamedPrice],
    options: Namespace,
    answer_tokens: float,
    report: ReadingReport,
) -> Iterator[str]:
    yield "each model is assumed to read and write as many tokens as the model that answered in the log"
    if traffic.tokens[2].any():
        yield "prompt caches lost when a conversation switches models are not counted"
    if traffic.without_tokens:
        yield (
            f"the tokens of {counted(traffic.without_tokens, 'call')} are estimated: a quarter of the "
            f"characters, and {answer_tokens:.0f} for an answer that is not logged"
        )
    if report.impossible:
        yield (
            f"{counted(report.impossible, 'call')} with impossible token counts: counted as calls without "
            f"tokens; the first: {report.impossible_example}"
        )
    if found.per == "month" and options.monthly_calls is None and traffic.span is not None:
        yield f"the log spans {traffic.span / 86_400:.1f} days; a month is 30.4 such days"
    if found.logged_cost is not None:
        cost = money(found.logged_cost, currency_of(prices))
        yield f"the models in the log cost {cost} per {found.per} at the same prices"
    if found.rows[0].cost >= found.rows[-1].cost:
        yield f"{options.weak} is not cheaper than {options.strong} on this log: are they swapped?"


def _quality_notes(
    found: Savings, traffic: Traffic, options: Namespace, outside: float | None
) -> Iterator[str]:
    if outside is not None:
        yield (
            f"{outside:.0%} of {len(traffic.prompts):,} prompts drawn from the log are of a kind that the "
            "router was not trained on: its scores for them are guesses"
        )
    if options.labels and found.certificate is None:
        loss = savings_loss(options)
        yield f"these labels certify no threshold within {loss:g} points: label more, or ask for less"
    if not options.labels:
        yield "quality is unknown without --labels: see routellm label"
    yield from few(traffic.count, "decision", "estimate a share")
