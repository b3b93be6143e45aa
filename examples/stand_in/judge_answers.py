"""A judge's answer: which of two replies takes up more of what was asked, wherever they stand."""

from __future__ import annotations

import re

from examples.stand_in.prompt import Prompt
from examples.stand_in.words import content_words

_OPENING = re.compile(r"<<REQUEST (\w+)>>\n")
_MODEL = re.compile(r"^\[[^\]\n]{1,100}\] ")


def judge_answer(prompt: Prompt) -> str | None:
    """The reasons and the verdict that the system prompt asks for; None where it asks for none."""
    graded = "[[A=3 B=3]]" in prompt.system
    opening = _OPENING.search(prompt.user)
    if opening is None or not (graded or "[[C]]" in prompt.system):
        return None
    asked, first, second = (
        _section(prompt.user, name, opening[1]) for name in ("REQUEST", "REPLY A", "REPLY B")
    )
    wanted = set(content_words(asked))
    shares = [_share(wanted, reply) for reply in (first, second)]
    reasons = f"A takes up {shares[0]:.0%} of what was asked, B {shares[1]:.0%}."
    if graded:
        grades = [1 + round(4 * share) for share in shares]
        return f"{reasons}\n[[A={grades[0]} B={grades[1]}]]"
    verdict = "C" if shares[0] == shares[1] else "A" if shares[0] > shares[1] else "B"
    return f"{reasons}\n[[{verdict}]]"


def _section(text: str, name: str, mark: str) -> str:
    return text.partition(f"<<{name} {mark}>>\n")[2].partition(f"\n<<END {name} {mark}>>")[0]


def _share(wanted: set[str], reply: str) -> float:
    found = wanted & set(content_words(_MODEL.sub("", reply)))
    return len(found) / len(wanted) if wanted else 1.0
