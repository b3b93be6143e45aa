"""`routellm label`: battles for a pair of models: both answer each prompt or conversation, a judge compares.

Answers that a log of your application holds (`--from-log`) are not paid again. Of a conversation all is asked
up to the person's newest text, the system prompt and the context of a RAG prompt included, without tools.

Keys come from the environment. Run the same command again to continue after a crash, an outage or reaching
the cap: calls in the log are not made, or paid for, twice.
"""

from __future__ import annotations

import json
import math
from argparse import ArgumentParser, Namespace
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import fields
from pathlib import Path
from typing import Any

from routellm_core.checkpoints.whole_file import check_writable
from routellm_core.commands.arguments import real_path
from routellm_core.commands.command_error import InterruptedByUser, ended_early
from routellm_core.commands.label_cost import ROLES, label_cost
from routellm_core.commands.label_questions import label_questions
from routellm_core.commands.label_settings import judging_models, judging_prices, judging_settings
from routellm_core.commands.note import Note
from routellm_core.commands.price_arguments import add_price_arguments
from routellm_core.commands.reading_arguments import add_reading_arguments, reading_options
from routellm_core.preferences.judging.cost_bar import CostBar
from routellm_core.preferences.judging.failure import RetryPolicy
from routellm_core.preferences.judging.judgement import JudgingResult
from routellm_core.preferences.judging.judging import judge_in_new_loop
from routellm_core.preferences.judging.openai_responder import DEFAULT_KEY_VARIABLE
from routellm_core.preferences.judging.responder import DEFAULT_MAX_TOKENS
from routellm_core.preferences.reading.json_lines import write_json_lines
from routellm_core.preferences.reading.rows import read_records

SUMMARY = "make battles for your own models: both answer your prompts and a judge compares"

EXAMPLE = """\
  routellm label --prompts prompts.jsonl --strong gpt-4o --weak gpt-4o-mini --judge gpt-4o \\
      --out battles.jsonl --log calls.jsonl --max-cost 5 --prices prices.json
  routellm label --from-log log.jsonl --limit 200 --strong gpt-4o --weak gpt-4o-mini --judge gpt-4o \\
      --out battles.jsonl --log calls.jsonl --dry-run
a row: {"prompt": "Why do leaves turn red?"}, {"messages": [...]}, or a row of a log"""


def add_arguments(parser: ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.add_argument(
        "--prompts",
        metavar="FILE",
        help="prompts or conversations in any format, a log, or plain lines of text; - is standard input "
        "(default: what was asked in --from-log)",
    )
    parser.add_argument(
        "--from-log",
        metavar="FILE",
        help="a log of your application; logged answers of either model are judged instead of new ones",
    )
    parser.add_argument("--limit", type=int, metavar="N", help="take the first N prompts only")
    parser.add_argument(
        "--select",
        type=int,
        metavar="N",
        help="of these, judge N representative ones (clusters by meaning)",
    )
    parser.add_argument(
        "--sample",
        type=int,
        metavar="N",
        help="draw N calls uniformly, so that their labels speak for all calls",
    )
    parser.add_argument(
        "--seed", type=int, default=0, help="seed of --sample or --select (default: %(default)s)"
    )
    parser.add_argument(
        "--references",
        metavar="FILE",
        help="rows of prompt and reference, a correct answer for the judge to go by",
    )
    for role in ROLES:
        parser.add_argument(f"--{role}", required=True, metavar="MODEL", help=f"the {role} model's name")
    parser.add_argument("--base-url", metavar="URL", help="base URL of an OpenAI-compatible API")
    for role in ROLES:
        parser.add_argument(f"--{role}-base-url", metavar="URL", help="a different base URL for this model")
    for role in ROLES:
        parser.add_argument(
            f"--{role}-key-env",
            metavar="NAME",
            default=DEFAULT_KEY_VARIABLE,
            help="environment variable with this model's key (default: %(default)s)",
        )
    parser.add_argument("--out", required=True, metavar="FILE", help="write the battles here (JSON Lines)")
    parser.add_argument(
        "--grades-out",
        metavar="FILE",
        help="have the answers graded from 1 to 5, and write the grades to this file as labels; verdicts "
        "without grades that --log already holds become 1, 0.5 or 0, and the judge is not paid again",
    )
    parser.add_argument(
        "--log",
        required=True,
        metavar="FILE",
        help="file for the raw calls (JSON Lines); an interrupted run resumes from it",
    )
    add_price_arguments(parser)
    parser.add_argument("--max-cost", type=float, metavar="X", help="the most that the run may spend")
    parser.add_argument(
        "--dry-run", action="store_true", help="print the planned calls and their cost, and make none"
    )
    parser.add_argument("--concurrency", type=int, default=8, help="concurrent calls (default: %(default)s)")
    parser.add_argument(
        "--max-answer-tokens",
        type=int,
        default=DEFAULT_MAX_TOKENS,
        metavar="N",
        help="(default: %(default)s)",
    )
    parser.add_argument(
        "--max-judge-tokens", type=int, default=DEFAULT_MAX_TOKENS, metavar="N", help="(default: %(default)s)"
    )
    parser.add_argument(
        "--verdict-attempts",
        type=int,
        default=3,
        metavar="N",
        help="tries per verdict (default: %(default)s)",
    )
    parser.add_argument(
        "--patience",
        type=float,
        default=RetryPolicy.patience,
        metavar="SECONDS",
        help="stop when a provider fails for longer than this (default: %(default)s)",
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    add_reading_arguments(parser)


def run(options: Namespace, say: Callable[[str], None]) -> Iterator[str]:
    """Judge, write the results, and yield a summary.

    Raises:
        CommandError: the run ended early; what was judged by then is written.
        OSError: a file can't be written; nothing was asked.
    """
    _check_files(options)
    prices = judging_prices(options)
    settings = judging_settings(options, prices)
    questions = label_questions(options)
    yield from questions.notes
    models = judging_models(options, questions.answers)
    references = _references(options)
    planned = label_cost(
        questions.asked, models, prices, log=options.log, references=references, graded=settings.graded
    )
    if options.dry_run:
        yield from [json.dumps(planned.values())] if options.json else planned.lines()
        return
    _check_writable(options)
    yield Note(f"judging {len(questions.asked):,} prompts: {planned.headline()}")
    if options.grades_out and not settings.graded:
        yield Note(
            f"{options.log} holds verdicts without grades, so {options.grades_out} only records who won "
            "(1, 0.5, 0). For grades from 1 to 5 the judge must be paid again: give another --log."
        )
    try:
        with CostBar(len(questions.asked), say, priced=bool(settings.prices)) as progress:
            result = judge_in_new_loop(
                questions.asked,
                *models,
                log=options.log,
                settings=settings,
                references=references,
                progress=progress,
            )
    except KeyboardInterrupt:
        raise InterruptedByUser(
            "interrupted. Nothing is lost: run the same command again to continue."
        ) from None
    write_json_lines(options.out, result.battle_rows())
    if options.grades_out:
        write_json_lines(options.grades_out, result.label_rows())
    if options.json:
        yield json.dumps(_summary(result))
    else:
        yield from _lines(result, options, planned.currency if settings.prices else None, settings.graded)
    if result.failure:
        raise ended_early(
            result.failure,
            f"{len(result.found)} of {len(result.judgements)} prompts are judged; nothing is lost: run "
            "the same command again to continue.",
        )


def _check_writable(options: Namespace) -> None:
    """Raise before anything is paid for what could not be written."""
    for path in (options.out, options.grades_out):
        if path is not None:
            Path(path).parent.mkdir(parents=True, exist_ok=True)
            check_writable(Path(path))


def _check_files(options: Namespace) -> None:
    # An overwritten log is money lost.
    named = {"--log": options.log, "--out": options.out, "--grades-out": options.grades_out}
    named |= {"--prompts": options.prompts, "--from-log": options.from_log}
    given = {name: real_path(path) for name, path in named.items() if path is not None}
    for name, path in given.items():
        for other, same in given.items():
            # Prompts and answers may be of one log; what is written may not be what is read.
            if other != name and path == same and {name, other} != {"--prompts", "--from-log"}:
                raise ValueError(f"{name} and {other} are both {path.name}: give each a file of its own.")


def _references(options: Namespace) -> dict[str, str]:
    path = options.references
    records = [] if path is None else list(read_records(path, reading_options(options)))
    return {record.text("prompt"): record.text("reference") for record in records}


def _winners(result: JudgingResult) -> dict[str, int]:
    winners = Counter(judgement.battle.winner for judgement in result.found)
    return {"strong": winners["model_a"], "weak": winners["model_b"], "tie": winners["tie"]}


def _summary(result: JudgingResult) -> dict[str, Any]:
    # Not asdict, which copies every judgement only to drop it.
    figures = {field.name: getattr(result, field.name) for field in fields(result)}
    del figures["judgements"]
    rates = {"agreement": result.agreement, "first_share": result.first_share}
    # JSON has no nan.
    shown = {name: None if math.isnan(rate) else rate for name, rate in rates.items()}
    return {"battles": len(result.found), "winners": _winners(result), **shown, **figures}


def _lines(result: JudgingResult, options: Namespace, currency: str | None, graded: bool) -> Iterator[str]:
    winners = _winners(result)
    yield (
        f"wrote {options.out}: {len(result.found)} battles, {winners['strong']} won by {options.strong}, "
        f"{winners['weak']} by {options.weak}, {winners['tie']} ties"
    )
    if options.grades_out:
        scale = "grades from 1 to 5 (calibrate: --scale 1 5)" if graded else "1, 0.5 or 0 for a win, tie "
        "or loss"
        yield f"wrote {options.grades_out}: {len(result.found)} labels, {scale}"
    if not math.isnan(result.agreement):
        yield f"both orders agree on {result.agreement:.1%} of the judged pairs"
    if not math.isnan(result.first_share):
        yield f"the answer shown first is preferred in {result.first_share:.1%} of verdicts other than ties"
    for reason, count in result.rejected.items():
        yield f"rejected {count}: {reason}"
    if result.truncated:
        yield f"{result.truncated} answers were cut off: see --max-answer-tokens and --max-judge-tokens"
    given = f", {result.given} answers of {options.from_log} used" if options.from_log else ""
    yield f"{result.made} calls made, {result.reused} taken from the log{given}"
    if result.interrupted:
        yield f"{result.interrupted} calls in flight when an earlier run ended may have been charged"
    if currency is not None:
        lost = (
            f", and {currency}{result.lost:.6f} may have been charged without an answer"
            if result.lost
            else ""
        )
        yield f"total cost {currency}{result.spent:.6f}{lost}"
