"""Check judge: a judge grades both answers to drawn calls; logged answers are not requested again."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from routellm_core.commands.price_arguments import (
    NamedPrice,
    add_price_arguments,
    given_prices,
    known_prices,
)
from routellm_core.preferences.judging.cost_bar import CostBar
from routellm_core.preferences.judging.judging import judge_in_new_loop
from routellm_core.preferences.judging.judging_settings import JudgingSettings
from routellm_core.preferences.judging.known_answers import KnownAnswers
from routellm_core.preferences.judging.openai_responder import DEFAULT_KEY_VARIABLE, OpenAIResponder
from routellm_core.preferences.judging.question import Turns, plain_turns
from routellm_core.routing.logged_decisions import log_path

JUDGE_SCALE = (1.0, 5.0)
"""A judge's lowest and highest grade."""

_ROLES = ("strong", "weak", "judge")


def add_judge_arguments(parser: ArgumentParser) -> None:
    """Add the arguments about the judge."""
    parser.add_argument("--judge", metavar="MODEL", help="let this model grade; the log needs log_text=True")
    for side in ("strong", "weak"):
        parser.add_argument(
            f"--{side}", metavar="MODEL", help=f"the {side} model, which writes answers that the log lacks"
        )
    parser.add_argument("--base-url", metavar="URL", help="base URL of an OpenAI-compatible API")
    for role in _ROLES:
        parser.add_argument(f"--{role}-base-url", metavar="URL", help="a different base URL for this model")
        parser.add_argument(
            f"--{role}-key-env", metavar="NAME", default=DEFAULT_KEY_VARIABLE, help="(default: %(default)s)"
        )
    parser.add_argument(
        "--judge-log", metavar="FILE", help="file for the raw calls (default: LOG.judge.jsonl)"
    )
    add_price_arguments(parser)
    parser.add_argument("--max-cost", type=float, metavar="X", help="the most that the run may spend")


def judge_prices(options: Namespace, models: Mapping[str, str]) -> dict[str, NamedPrice]:
    """Return role -> price, given or listed, of the models that take part; arguments as `judged_grades`."""
    names = {role: getattr(options, role) or models.get(role) for role in _ROLES}
    return known_prices(options, {role: name for role, name in names.items() if name})


def judged_grades(
    options: Namespace,
    rows: Sequence[Mapping[str, Any]],
    models: Mapping[str, str],
    say: Callable[[str], None],
) -> tuple[dict[str, tuple[float, float]], str]:
    """Return id -> grades of the strong and the weak answer, and why the run ended early, if it did.

    Args:
        options: the command's.
        rows: drawn calls.
        models: side -> the name in the log, for models not named in the options.
        say: called with progress lines.

    Raises:
        ValueError: a model has no name, or the log no text.
    """
    texts = {row["id"]: row["text"] for row in rows if isinstance(row.get("text"), str) and row["text"]}
    if rows and not texts:
        raise ValueError(
            "the drawn calls have no text: log with log_text=True, or grade them yourself with --out and "
            "--grades."
        )
    strong, weak, judge = (_model(options, role, models) for role in _ROLES)
    prices = judge_prices(options, models)
    settings = JudgingSettings(
        prices=given_prices(options) | {price.model: price.price for price in prices.values()},
        max_cost=options.max_cost,
        graded=True,
    )
    if settings.max_cost is not None and not settings.prices:
        raise ValueError("--max-cost needs --prices to count the cost.")
    prompts = list(dict.fromkeys(texts.values()))
    with CostBar(len(prompts), say, priced=bool(settings.prices)) as progress:
        result = judge_in_new_loop(
            prompts,
            KnownAnswers(strong, _answers(rows, "strong")),
            KnownAnswers(weak, _answers(rows, "weak")),
            judge,
            log=options.judge_log or f"{log_path(options.log)}.judge.jsonl",
            settings=settings,
            progress=progress,
        )
    labels = {judged.prompt: judged.label for judged in result.found}
    grades = {}
    for id, text in texts.items():
        label = labels.get(text)
        if label is not None:
            grades[id] = (label.scores[strong.name], label.scores[weak.name])
    return grades, result.failure


def _answers(rows: Sequence[Mapping[str, Any]], side: str) -> dict[Turns, str]:
    found = {}
    for row in rows:
        answers = row.get("answers")
        answer = answers.get(side) if isinstance(answers, Mapping) else None
        if isinstance(answer, str) and answer.strip() and isinstance(row.get("text"), str):
            found[plain_turns(row["text"])] = answer
    return found


def _model(options: Namespace, role: str, models: Mapping[str, str]) -> OpenAIResponder:
    name = getattr(options, role) or models.get(role)
    if not name:
        raise ValueError(f"--{role} is missing, and the log does not name the {role} model.")
    responder = OpenAIResponder(
        name,
        base_url=getattr(options, f"{role}_base_url") or options.base_url,
        key_variable=getattr(options, f"{role}_key_env"),
    )
    responder.check_key()
    return responder
