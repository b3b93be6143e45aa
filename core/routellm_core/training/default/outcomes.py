"""Outcomes of exam questions: how often strong models are right and weak ones wrong.

Each source and each category of MMLU-Pro is centred separately, so that the fit does not learn which exam is
harder.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from routellm_core.checkpoints.published_factorization import STRONG, WEAK
from routellm_core.logits import Floats
from routellm_core.preferences.reading.labels import Label

WEAK_IN_PRO = "Mixtral-8x7B-Instruct-v0.1"
"""The weak model in the MMLU-Pro labels."""

CLASS_WIDTH = 0.3
"""How far, in logits, a model of the weak class may be from the weak model."""

SHRINKAGE = 20.0
"""A gold question's gain is that of its subject, for its own outcome is nearly all chance; the subject's is
drawn to the mean as if so many average questions more had been asked."""


@dataclass(frozen=True)
class Outcome:
    """One exam question, with the mean quality of the strong and of the weak class, each in [0, 1]."""

    prompt: str
    source: str
    category: str
    strong: float
    weak: float


def outcomes_of(gold: Sequence[Label], pro: Sequence[Label]) -> list[Outcome]:
    """Bring both files to outcomes: gold's of the pair, MMLU-Pro's of the classes (the paper's idea)."""
    found = [
        Outcome(label.prompt, "gold", label.category or "", label.scores[STRONG], label.scores[WEAK])
        for label in gold
    ]
    strength = _strengths(pro)
    gap = _logit(np.mean([label.scores[STRONG] for label in gold])) - _logit(
        np.mean([label.scores[WEAK] for label in gold])
    )
    weak = strength[WEAK_IN_PRO]
    strong_class = {name for name, value in strength.items() if value >= weak + gap}
    weak_class = {name for name, value in strength.items() if abs(value - weak) <= CLASS_WIDTH}
    for label in pro:
        strong = [score for name, score in label.scores.items() if name in strong_class]
        weaker = [score for name, score in label.scores.items() if name in weak_class]
        if strong and weaker:
            category = label.category or ""
            found.append(
                Outcome(label.prompt, "pro", category, float(np.mean(strong)), float(np.mean(weaker)))
            )
    return found


def targets_of(outcomes: Sequence[Outcome]) -> Floats:
    """Return the gains to fit, strong less weak, shape (n,).

    Gold: the shrunken mean of the question's subject less the mean of all; MMLU-Pro: the question's own less
    the mean of its category.
    """
    gains = np.array([outcome.strong - outcome.weak for outcome in outcomes])
    gold = np.array([outcome.source == "gold" for outcome in outcomes])
    categories = np.array([outcome.category for outcome in outcomes])
    found = np.zeros(len(outcomes))
    overall = gains[gold].mean() if gold.any() else 0.0
    for category in sorted(set(categories[gold])):
        here = gold & (categories == category)
        found[here] = (gains[here] - overall).sum() / (here.sum() + SHRINKAGE)
    for category in sorted(set(categories[~gold])):
        here = ~gold & (categories == category)
        found[here] = gains[here] - gains[here].mean()
    return found


def _strengths(labels: Sequence[Label]) -> Mapping[str, float]:
    scores: dict[str, list[float]] = {}
    for label in labels:
        for name, value in label.scores.items():
            scores.setdefault(name, []).append(value)
    return {name: _logit(np.mean(values)) for name, values in scores.items()}


def _logit(share: float | np.floating[npt.NBitBase]) -> float:
    return math.log(float(share) / (1.0 - float(share)))
