"""OwnData: a user's battles and labels as comparisons of models, ready to fit."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import numpy.typing as npt

from routellm_core.preferences.rating.ratings import model_strengths
from routellm_core.preferences.reading.battles import Battle, Winner
from routellm_core.preferences.reading.labels import Label
from routellm_core.training.factorization.fit import (
    Comparisons,
)

SWAPPED = 2.0
"""Standard deviations of as many coin tosses by which the strong model may lose to the weak one."""


@dataclass(frozen=True)
class OwnData:
    """The content of a user's files.

    Attributes:
        prompts: n distinct texts.
        models: M names, sorted.
        strengths: shape (M,), Bradley-Terry ratings in logits.
        comparisons: rows refer to prompts, models to `models`.
    """

    prompts: list[str]
    models: list[str]
    strengths: npt.NDArray[np.float64]
    comparisons: Comparisons

    def digest(self) -> str:
        """Return a SHA-256 that identifies the data."""
        columns = [column.tolist() for column in vars(self.comparisons).values()]
        text = json.dumps([self.prompts, self.models, self.strengths.tolist(), columns])
        return hashlib.sha256(text.encode()).hexdigest()


def read_own_data(battles: Sequence[Battle], labels: Sequence[Label], *, strong: str, weak: str) -> OwnData:
    """Make a comparison from each battle, and one per pair of models from each label, of total weight one.

    Raises:
        ValueError: no comparison, a model of the pair occurs in none, or the strong one is weaker.
    """
    fought = [(battle, 1.0) for battle in battles]
    for label in labels:
        pairs = list(combinations(sorted(label.scores), 2))
        fought += [(_battle(label, a, b), 1.0 / len(pairs)) for a, b in pairs]
    if not fought:
        raise ValueError("no comparisons to train on: give battles, or labels with at least two models each.")
    ratings = model_strengths([battle for battle, _ in fought])
    for role, model in (("strong", strong), ("weak", weak)):
        if model not in ratings:
            raise ValueError(
                f"{role} is {model!r}, which occurs in no comparison: known are {sorted(ratings)}."
            )
    results = [b.target if b.model_a == strong else 1.0 - b.target for b, _ in fought if strong in _pair(b)]
    if not any(results):
        raise ValueError(
            f"strong is {strong!r}, which loses all of its {len(results)} comparisons: check that --strong "
            "and --weak are not swapped, or give more data."
        )
    pair = {strong, weak}
    direct = [b.target if b.model_a == strong else 1.0 - b.target for b, _ in fought if set(b.pair) == pair]
    if sum(2.0 * won - 1.0 for won in direct) < -SWAPPED * math.sqrt(len(direct)):
        raise ValueError(
            f"strong is {strong!r}, which loses most of its {len(direct)} comparisons with {weak!r}: check "
            "that --strong and --weak are not swapped. If not, always calling the other model is better and "
            "costs less."
        )
    models = sorted(ratings)
    index = {model: position for position, model in enumerate(models)}
    rows = {text: row for row, text in enumerate(dict.fromkeys(battle.prompt for battle, _ in fought))}
    comparisons = Comparisons(
        row=np.array([rows[battle.prompt] for battle, _ in fought]),
        first=np.array([index[battle.model_a] for battle, _ in fought]),
        second=np.array([index[battle.model_b] for battle, _ in fought]),
        target=np.array([battle.target for battle, _ in fought]),
        weight=np.array([weight for _, weight in fought]),
        group=np.zeros(len(fought), dtype=np.int64),
    )
    return OwnData(list(rows), models, np.array([ratings[model] for model in models]), comparisons)


def _pair(battle: Battle) -> tuple[str, str]:
    return battle.model_a, battle.model_b


def _battle(label: Label, model_a: str, model_b: str) -> Battle:
    difference = label.scores[model_a] - label.scores[model_b]
    winner: Winner = "tie" if difference == 0 else "model_a" if difference > 0 else "model_b"
    return Battle(label.prompt, model_a, model_b, winner)
