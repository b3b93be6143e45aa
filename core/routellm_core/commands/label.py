"""`routellm label`: battles for a pair of models, from prompts alone: both answer, and a judge compares.

Keys come from the environment. Run the same command again to continue after a crash, an outage or reaching
the cap: calls in the log are not made, or paid for, twice.
"""

from __future__ import annotations

import json
import math
from argparse import ArgumentParser, Namespace
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any

from routellm_core.commands.command_error import InterruptedByUser, ended_early
from routellm_core.commands.reading_arguments import add_reading_arguments, prompts_of, reading_options
from routellm_core.commands.source_embedder import source_embedder
from routellm_core.preferences.judging.cost_bar import CostBar
from routellm_core.preferences.judging.failure import RetryPolicy
from routellm_core.preferences.judging.judgement import JudgingResult
from routellm_core.preferences.judging.judging import judge_in_new_loop
from routellm_core.preferences.judging.judging_settings import JudgingSettings
from routellm_core.preferences.judging.model_prices import read_model_prices
from routellm_core.preferences.judging.openai_responder import DEFAULT_KEY_VARIABLE, OpenAIResponder
from routellm_core.preferences.judging.responder import DEFAULT_MAX_TOKENS
from routellm_core.preferences.judging.selection import select_representative
from routellm_core.preferences.reading.json_lines import write_json_lines
from routellm_core.preferences.reading.rows import read_records
from routellm_core.routing.validation import check_count

SUMMARY = "make battles for your own pair of models: both answer your prompts, a judge compares"

EXAMPLE = """\
  routellm label --prompts prompts.jsonl --strong gpt-4o --weak gpt-4o-mini --judge gpt-4o \\
      --out battles.jsonl --log calls.jsonl --max-cost 5 --prices prices.json
a row: {"prompt": "Why do leaves turn red?"}, or a row of a log"""

_ROLES = ("strong", "weak", "judge")


def add_arguments(parser: ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.add_argument(
        "--prompts",
        required=True,
        metavar="FILE",
        help="prompts in any format, a log, or plain lines of text; - is standard input",
    )
    parser.add_argument("--limit", type=int, metavar="N", help="take the first N prompts only")
    parser.add_argument(
        "--select",
        type=int,
        metavar="N",
        help="of these, judge N that represent them (by clusters of meaning)",
    )
    parser.add_argument("--seed", type=int, default=0, help="of the draw of --select (default: %(default)s)")
    parser.add_argument(
        "--references", metavar="FILE", help="rows of prompt and reference, a right answer for the judge"
    )
    for role in _ROLES:
        parser.add_argument(f"--{role}", required=True, metavar="MODEL", help=f"the {role} model's name")
    parser.add_argument("--base-url", metavar="URL", help="address of an API that speaks OpenAI's")
    for role in _ROLES:
        parser.add_argument(f"--{role}-base-url", metavar="URL", help="another address for this one model")
    for role in _ROLES:
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
        help="have the answers graded from 1 to 5, and write these labels here",
    )
    parser.add_argument(
        "--log", required=True, metavar="FILE", help="every call, raw; read again to resume (JSON Lines)"
    )
    parser.add_argument(
        "--prices",
        nargs="+",
        metavar="PRICE",
        help="MODEL=INPUT,OUTPUT per million tokens, or a JSON file of model -> input and output",
    )
    parser.add_argument("--max-cost", type=float, metavar="X", help="the most that all calls may cost")
    parser.add_argument("--concurrency", type=int, default=8, help="calls at once (default: %(default)s)")
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
        help="end the run when a provider fails for longer (default: %(default)s)",
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    add_reading_arguments(parser)


def run(options: Namespace, say: Callable[[str], None]) -> Iterator[str]:
    """Judge, write the results, and yield a summary.

    Raises:
        CommandError: the run ended early; what was judged by then is written.
    """
    settings = JudgingSettings(
        concurrency=options.concurrency,
        prices=read_model_prices(options.prices or []),
        max_cost=options.max_cost,
        graded=options.grades_out is not None,
        verdict_attempts=options.verdict_attempts,
        retries=RetryPolicy(patience=options.patience),
    )
    if settings.max_cost is not None and not settings.prices:
        raise ValueError("--max-cost needs --prices: without them no cost can be counted.")
    _check_files(options)
    asked, note = prompts_of(options, options.prompts)
    yield note
    prompts, references = _chosen_prompts(options, asked.texts), _references(options)
    models = [_model(options, role) for role in _ROLES]
    say(f"judging {len(prompts)} prompts")
    try:
        with CostBar(len(prompts), say, priced=bool(settings.prices)) as progress:
            result = judge_in_new_loop(
                prompts,
                *models,
                log=options.log,
                settings=settings,
                references=references,
                progress=progress,
            )
    except KeyboardInterrupt:
        raise InterruptedByUser(
            "interrupted. Nothing is lost: run the same command again to go on."
        ) from None
    _write_rows(options.out, result.battle_rows())
    if settings.graded:
        _write_rows(options.grades_out, result.label_rows())
    if options.json:
        yield json.dumps(_summary(result))
    else:
        yield from _lines(result, options, priced=bool(settings.prices))
    if result.stopped:
        raise ended_early(
            result.stopped,
            f"{len(result.found)} of {len(result.judgements)} prompts are judged; nothing is lost: run the "
            "same command again to go on.",
        )


def _write_rows(path: str, rows: list[dict[str, Any]]) -> None:
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    write_json_lines(path, rows)


def _check_files(options: Namespace) -> None:
    # An overwritten log is money lost.
    named = {"--log": options.log, "--out": options.out, "--grades-out": options.grades_out}
    given = {name: Path(path).resolve() for name, path in named.items() if path is not None}
    given["--prompts"] = Path(options.prompts).resolve()
    for name, path in given.items():
        for other, same in given.items():
            if other != name and path == same:
                raise ValueError(f"{name} and {other} are both {path.name}: give each a file of its own.")


def _chosen_prompts(options: Namespace, found: Sequence[str]) -> list[str]:
    if options.limit is not None:
        check_count(options.limit, "--limit")
    prompts = list(dict.fromkeys(found))[: options.limit]
    if options.select is None:
        return prompts
    check_count(options.select, "--select")
    # With the embedder inside the package: choosing what to pay for costs nothing.
    embedder = source_embedder("default", "--select")
    chosen = select_representative(prompts, embedder, options.select, options.seed)
    return [prompts[row] for row in chosen.indices]


def _references(options: Namespace) -> dict[str, str]:
    path = options.references
    records = [] if path is None else list(read_records(path, reading_options(options)))
    return {record.text("prompt"): record.text("reference") for record in records}


def _model(options: Namespace, role: str) -> OpenAIResponder:
    responder = OpenAIResponder(
        getattr(options, role),
        base_url=getattr(options, f"{role}_base_url") or options.base_url,
        key_variable=getattr(options, f"{role}_key_env"),
        max_tokens=options.max_judge_tokens if role == "judge" else options.max_answer_tokens,
    )
    responder.check_key()
    return responder


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


def _lines(result: JudgingResult, options: Namespace, *, priced: bool) -> Iterator[str]:
    winners = _winners(result)
    yield (
        f"wrote {options.out}: {len(result.found)} battles, {winners['strong']} won by {options.strong}, "
        f"{winners['weak']} by {options.weak}, {winners['tie']} ties"
    )
    if options.grades_out:
        yield f"wrote {options.grades_out}: {len(result.label_rows())} labels"
    if not math.isnan(result.agreement):
        yield f"both orders agree on {result.agreement:.1%} of the judged pairs"
    if not math.isnan(result.first_share):
        yield f"the answer shown first is preferred in {result.first_share:.1%} of verdicts that are no tie"
    for reason, count in result.rejected.items():
        yield f"rejected {count}: {reason}"
    if result.truncated:
        yield f"{result.truncated} answers were cut: see --max-answer-tokens and --max-judge-tokens"
    yield f"{result.made} calls made, {result.reused} taken from the log"
    if result.interrupted:
        yield f"{result.interrupted} calls were in flight when an earlier run ended; they may be charged"
    if priced:
        lost = f", and {result.lost:.6f} may have been charged without an answer" if result.lost else ""
        yield f"cost {result.spent:.6f} in all{lost}"
