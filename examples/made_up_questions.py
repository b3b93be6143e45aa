"""Made-up questions to the assistant of a software company, put together from parts; some easy, some hard."""

from __future__ import annotations

import random

_EASY = (
    "What does {term} mean?",
    "How do I spell {term} in German?",
    "Please make this friendlier: send me the {thing} today.",
    "Which menu has the setting for {thing}?",
    "Thanks! And where do I find my {thing}?",
    "Translate 'your {thing} is ready' to Spanish.",
)
_HARD = (
    "Our {thing} service loses updates when two workers retry at once. Find the race in this sketch and "
    "prove that your fix is correct: {code}",
    "Derive how the error of {term} grows with the number of samples, and say where the bound is tight.",
    "Design a migration of the {thing} table, 400 million rows, without downtime; weigh at least three ways "
    "and say what can go wrong in each.",
    "This query takes 40 s on the {thing} table. Explain its plan, then write it without a subquery: {code}",
)
_TERMS = (
    "idempotence",
    "a foreign key",
    "backpressure",
    "quorum",
    "bootstrap sampling",
    "amortised cost",
    "a mutex",
)
_THINGS = ("invoice", "order", "ticket", "calendar", "report", "licence", "backup", "session", "contract")
_CODE = (
    "with lock: if not seen(id): apply(id); mark(id)",
    "select * from t where id in (select t_id from u where u.at > now() - 7)",
    "for job in queue: job.run(); job.done = True",
)


def question(draw: random.Random) -> tuple[str, bool]:
    """Return a question, and whether it is a hard one."""
    hard = draw.random() < 0.35
    text = draw.choice(_HARD if hard else _EASY)
    filled = text.format(term=draw.choice(_TERMS), thing=draw.choice(_THINGS), code=draw.choice(_CODE))
    return f"{filled} ({draw.choice(_THINGS)} {draw.randrange(1000)})", hard
