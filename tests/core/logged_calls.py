"""A decision log as both adapters write it: calls of a pair, some with outcomes."""

from __future__ import annotations

from collections.abc import Sequence

from routellm_core import Decision, Router
from routellm_core.routing.call_account import NO_ORIGIN, CallAccount
from routellm_core.routing.decision_log import DecisionLog
from routellm_core.routing.journal import Journal
from routellm_core.routing.prices import Price, Prices, TokenUsage
from routellm_core.routing.threshold import goes_to_strong

PRICES = Prices(Price(10, 30), Price(1, 2))
MODELS = {"strong": "big", "weak": "small"}
USAGE = TokenUsage(1_000, 100)


def write_calls(
    where: str, router: Router, texts: Sequence[str], threshold: float, *, log_text: bool = True
) -> list[str]:
    """Log one call per text; return the ids."""
    log = DecisionLog.open(where, log_text=log_text)
    journal = Journal((log,), router, MODELS)
    ids = []
    for number, (text, score) in enumerate(zip(texts, router.score(texts).tolist(), strict=True)):
        route = "strong" if goes_to_strong(score, threshold) else "weak"
        decision = Decision(route, score, threshold, "score", router.name, id=f"d{number}", text=text)
        account = CallAccount(decision, PRICES, NO_ORIGIN, (journal.write,))
        with account:
            account.add(route, USAGE)
        ids.append(f"d{number}")
    log.close()
    return ids


def write_outcomes(where: str, scores: dict[str, float]) -> None:
    """Log how good some answers were: id -> score."""
    log = DecisionLog.open(where)
    for id, score in scores.items():
        log.outcome(id, score, "tests")
    log.close()


def write_answers(where: str, texts: Sequence[str], answer: str, asked_for: str | None = None) -> None:
    """Log this answer of both models to these texts, as a shadow sample does."""
    more = {} if asked_for is None else {"asked_for": asked_for}
    log = DecisionLog.open(where, log_text=True)
    for number, text in enumerate(texts):
        answers = dict.fromkeys(MODELS, answer)
        row = {"answers_of": f"d{number}", "answers": answers, "models": MODELS, **more}
        log.write(row, text)
    log.close()
