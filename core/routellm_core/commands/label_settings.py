"""Label settings: the models of a judging run, their prices and its limits, as the arguments say."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Mapping

from routellm_core.commands.label_cost import ROLES
from routellm_core.commands.price_arguments import NamedPrice, given_prices, known_prices
from routellm_core.preferences.judging.failure import RetryPolicy
from routellm_core.preferences.judging.judging_settings import JudgingSettings
from routellm_core.preferences.judging.known_answers import KnownAnswers
from routellm_core.preferences.judging.openai_responder import OpenAIResponder
from routellm_core.preferences.judging.question import Turns
from routellm_core.preferences.judging.responder import Responder
from routellm_core.preferences.judging.verdict_form import verdicts_are_graded


def judging_prices(options: Namespace) -> dict[str, NamedPrice]:
    """Return role -> price, given or listed; a role whose price is not known is left out."""
    return known_prices(options, {role: getattr(options, role) for role in ROLES})


def judging_settings(options: Namespace, prices: Mapping[str, NamedPrice]) -> JudgingSettings:
    """Return how the run goes; its verdicts have the form of those that its log holds.

    Raises:
        ValueError: an option that is none of what it may be, or a cap without prices.
    """
    graded = verdicts_are_graded(options.log, options.judge, wanted=options.grades_out is not None)
    known = given_prices(options) | {price.model: price.price for price in prices.values()}
    if options.max_cost is not None and not known:
        raise ValueError("--max-cost needs --prices to count the cost.")
    return JudgingSettings(
        concurrency=options.concurrency,
        prices=known,
        max_cost=options.max_cost,
        graded=graded,
        verdict_attempts=options.verdict_attempts,
        retries=RetryPolicy(patience=options.patience),
    )


def judging_models(
    options: Namespace, answers: Mapping[str, Mapping[Turns, str]]
) -> tuple[Responder, Responder, Responder]:
    """Return strong, weak and judge; `answers` has what the first two need not be asked, by side.

    Raises:
        ValueError: a key is missing.
    """
    strong, weak, judge = (_model(options, role) for role in ROLES)
    return (
        KnownAnswers(strong, answers["strong"]),
        KnownAnswers(weak, answers["weak"]),
        judge,
    )


def _model(options: Namespace, role: str) -> OpenAIResponder:
    responder = OpenAIResponder(
        getattr(options, role),
        base_url=getattr(options, f"{role}_base_url") or options.base_url,
        key_variable=getattr(options, f"{role}_key_env"),
        max_tokens=options.max_judge_tokens if role == "judge" else options.max_answer_tokens,
    )
    if not options.dry_run:
        responder.check_key()
    return responder
