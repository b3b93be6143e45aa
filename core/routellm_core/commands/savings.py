"""`routellm savings`: what routing would save, from the log of calls you have, before any code changes.

Reads the log once, scores each decision's prompt, and prices its calls with both models from the log's own
tokens. With labels it also reports the quality.
"""

from __future__ import annotations

import json
from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from routellm_core.calibration.certificate import Certificate
from routellm_core.calibration.record import Calibration
from routellm_core.calibration.target import QualityTarget
from routellm_core.commands.arguments import add_report_argument, add_score_arguments, stored_scores
from routellm_core.commands.command_error import NoGainError
from routellm_core.commands.label_arguments import add_label_arguments, labelled_benchmark
from routellm_core.commands.note import Note
from routellm_core.commands.price_arguments import (
    NamedPrice,
    add_price_arguments,
    currency_of,
    given_prices,
    pair_prices,
)
from routellm_core.commands.reading_arguments import add_reading_arguments, reading_options
from routellm_core.commands.savings_notes import savings_loss, savings_notes
from routellm_core.evaluation.evaluation import nearness
from routellm_core.evaluation.report.page import write_report
from routellm_core.evaluation.report.section import ReportSection
from routellm_core.evaluation.savings import Labelled, Savings, certified, savings
from routellm_core.evaluation.savings_text import (
    examples,
    headline,
    savings_table,
)
from routellm_core.evaluation.traffic import SAMPLE, Traffic, TrafficBuilder
from routellm_core.loading import load_router
from routellm_core.preferences.reading.log_reading import LogReader
from routellm_core.router import Router
from routellm_core.routing.list_prices import list_price
from routellm_core.routing.prices import Price
from routellm_core.routing.validation import check_count, check_fraction, check_positive

SUMMARY = "compute what routing would save, from a log of calls"

EXAMPLE = """\
  routellm savings log.jsonl --strong gpt-4o --weak gpt-4o-mini
a row: {"request": {"messages": [{"role": "user", "content": "Why do leaves turn red?"}]},
        "response": {"model": "gpt-4o", "usage": {"prompt_tokens": 12, "completion_tokens": 80}}}"""


def add_arguments(parser: ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.add_argument(
        "log",
        nargs="+",
        metavar="LOG",
        help="a log in one or more files, in any known layout; - is standard input",
    )
    parser.add_argument("--strong", required=True, metavar="MODEL", help="the strong model's name")
    parser.add_argument("--weak", required=True, metavar="MODEL", help="the weak model's name")
    add_price_arguments(parser)
    parser.add_argument(
        "--router", default="default", help="name or folder of the router (default: %(default)s)"
    )
    point = parser.add_mutually_exclusive_group()
    point.add_argument(
        "--strong-share",
        type=float,
        default=0.3,
        metavar="X",
        help="share of strong calls to report on (default: %(default)s)",
    )
    point.add_argument("--calibration", metavar="FILE", help="report on this calibration's threshold instead")
    parser.add_argument(
        "--monthly-calls",
        type=float,
        metavar="N",
        help="model calls in a month (default: as in the log)",
    )
    parser.add_argument(
        "--output-tokens",
        type=int,
        metavar="N",
        help="output tokens of an answer whose length is not logged (default: the log's mean)",
    )
    parser.add_argument(
        "--labels",
        metavar="FILE",
        help="rows of prompt and both models' scores, or battles, to report quality",
    )
    parser.add_argument(
        "--max-loss",
        type=float,
        metavar="X",
        help="largest quality loss of the certified row, in points below strong alone (default: 0.02 of "
        "the scale)",
    )
    add_label_arguments(parser, confidence_of="--max-loss")
    parser.add_argument(
        "--examples", type=int, default=3, metavar="N", help="prompts on each side (default: %(default)s)"
    )
    add_score_arguments(parser)
    add_report_argument(parser)
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    add_reading_arguments(parser)


def run(options: Namespace, say: Callable[[str], None]) -> Iterator[str]:
    """Read, score, price, and yield the table and its notes."""
    share = check_fraction(options.strong_share, "--strong-share")
    check_count(options.examples, "--examples", at_least=0)
    if options.monthly_calls is not None:
        check_positive(options.monthly_calls, "--monthly-calls")
    prices, given = pair_prices(options), given_prices(options)
    router = load_router(options.router)
    threshold = _threshold(options, router)
    labelled = _labelled(options, router)
    if labelled is not None:
        yield Note(labelled.benchmark.read)
    reader = LogReader(options.log, reading_options(options))
    store = stored_scores(options)
    certificate = _certificate(options, labelled)
    exact = [
        at for at in (threshold, None if certificate is None else certificate.threshold) if at is not None
    ]
    builder = TrafficBuilder(lambda texts: store.score(router, texts), options.output_tokens, exact)
    say("reading and scoring the log")
    traffic = builder.gather(reader.calls())
    yield Note(f"{', '.join(options.log)}: {reader.report.sentence()}")
    found = savings(
        traffic,
        *(price.price for price in prices),
        chosen=share,
        threshold=threshold,
        monthly_calls=options.monthly_calls,
        labelled=labelled,
        certificate=certificate,
        logged_prices=_logged_prices(traffic, given),
    )
    sampled = nearness(router, traffic.prompts)
    outside = None if sampled is None else sampled[1]
    notes = savings_notes(found, traffic, prices, options, outside, builder.unanswered_tokens, reader.report)
    currency = currency_of(prices)
    title = headline(found, options.strong, options.weak, currency)
    if options.report:
        section = _section(options, found, traffic, prices, labelled, [title, *notes])
        write_report(options.report, "What routing would save", [section])
        yield Note(f"wrote {options.report}")
    if options.json:
        values = _values(found, traffic, prices, outside)
        yield json.dumps({**values, "notes": notes, "reading": reader.report.to_dict()})
        return
    yield title
    yield ""
    yield from savings_table(found, currency)
    yield ""
    yield from _below_the_table(found, traffic, options, currency)
    yield from (f"- {note}" for note in notes)
    if found.rows[0].cost >= found.rows[-1].cost:
        raise NoGainError(f"{options.weak} is not cheaper than {options.strong} on this log.")


def _threshold(options: Namespace, router: Router) -> float | None:
    if options.calibration is None:
        return None
    calibration = Calibration.load(options.calibration)
    calibration.check_router(router)
    return calibration.threshold


def _labelled(options: Namespace, router: Router) -> Labelled | None:
    if options.labels is None:
        return None
    benchmark = labelled_benchmark(options, router)
    return Labelled(benchmark, stored_scores(options).score(router, benchmark.prompts))


def _certificate(options: Namespace, labelled: Labelled | None) -> Certificate | None:
    target = QualityTarget("max_loss", savings_loss(options))
    if labelled is None:
        return None
    return certified(labelled, target, options.confidence, tuple(options.scale))


def _logged_prices(traffic: Traffic, given: dict[str, Price]) -> dict[str, Price]:
    known = dict(given)
    for model in traffic.models:
        row = list_price(model)
        if model not in known and row is not None:
            known[model] = row.price
    return known


def _below_the_table(found: Savings, traffic: Traffic, options: Namespace, currency: str) -> Iterator[str]:
    if found.certified is not None and found.certificate is not None:
        yield f"* {found.certificate.statement(options.weak, options.strong)}"
        yield ""
    if found.chosen.threshold is not None and options.examples:
        weak, strong = examples(traffic, found.chosen.threshold, options.examples)
        yield f"just below the threshold, so to {options.weak}:"
        yield from (f"    {text}" for text in weak)
        yield f"just above it, so to {options.strong}:"
        yield from (f"    {text}" for text in strong)
        yield ""


def _section(
    options: Namespace,
    found: Savings,
    traffic: Traffic,
    prices: tuple[NamedPrice, NamedPrice],
    labelled: Labelled | None,
    sentences: Sequence[str],
) -> ReportSection:
    month = found.factor * traffic.count if found.per == "month" else None
    return ReportSection(
        title=", ".join(Path(path).name for path in options.log),
        headline=sentences[0],
        notes=sentences[1:],
        strong=options.strong,
        weak=options.weak,
        scores=traffic.scores,
        decisions=traffic.decisions,
        threshold=found.chosen.threshold or 0.0,
        prompts=traffic.prompts,
        prompt_scores=traffic.prompt_scores,
        tokens=traffic.tokens,
        prices=(prices[0].price, prices[1].price),
        currency=currency_of(prices),
        decisions_a_month=month,
        labelled=labelled,
    )


def _values(
    found: Savings, traffic: Traffic, prices: tuple[NamedPrice, NamedPrice], outside: float | None
) -> dict[str, Any]:
    return {
        "per": found.per,
        "chosen": asdict(found.chosen),
        "rows": [asdict(row) for row in found.rows],
        "certified": None if found.certified is None else asdict(found.certified),
        "logged_cost": found.logged_cost,
        "decisions": traffic.count,
        "calls": traffic.calls,
        "calls_without_tokens": traffic.without_tokens,
        "outside_share": outside,
        "sampled": min(SAMPLE, len(traffic.prompts)),
        "models": {name: count for name, (_, count) in traffic.models.items()},
        "prices": {
            side: {"model": named.model, "source": named.source, **_price(named.price)}
            for side, named in zip(("strong", "weak"), prices, strict=True)
        },
    }


def _price(price: Price) -> dict[str, float | None]:
    return {"input": price.input, "output": price.output, "cached_input": price.cached_input}
