"""Ratings: each model's overall strength from battles, prompts ignored, with bootstrap intervals."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from routellm_core.preferences.rating.bradley_terry import bradley_terry_strengths
from routellm_core.preferences.reading.battle_columns import BattleColumns
from routellm_core.preferences.reading.battles import Battle
from routellm_core.preferences.reading.records import DataError
from routellm_core.routing.validation import check_count, check_positive

PENALTY = 0.5
"""λ of (λ/2)·ξ², in units of one battle: keeps the rating of a model that only won, or only lost, finite."""

RESAMPLES = 1000

_BLOCK = 100


@dataclass(frozen=True)
class Rating:
    """One model's Bradley-Terry rating, P(a beats b) = 1 / (1 + e^(ξ_b − ξ_a)).

    Attributes:
        model: its name.
        strength: ξ in logits; the mean over models is 0.
        low: lower end of the bootstrap interval of ξ, battles drawn with replacement.
        high: upper end.
        battles: number of its battles.
        wins: number of wins, a tie as half a win. If it is 0, or all of the battles, only the penalty
            keeps ξ finite: its rank is known, its distance is not.
    """

    model: str
    strength: float
    low: float
    high: float
    battles: int
    wins: float

    @property
    def elo(self) -> float:
        """The rating on Chatbot Arena's scale: 400 points are odds of 10 to 1, and the mean is 1000."""
        return elo(self.strength)

    @property
    def held_by_penalty(self) -> bool:
        """Whether it won none or all of its battles, so that only the penalty bounds its rating."""
        return self.wins in (0.0, float(self.battles))


def elo(strength: float) -> float:
    """Return a strength in logits on Chatbot Arena's scale."""
    return 1000.0 + 400.0 / math.log(10.0) * strength


def rate_models(
    battles: Sequence[Battle],
    *,
    penalty: float = PENALTY,
    resamples: int = RESAMPLES,
    confidence: float = 0.95,
    seed: int = 0,
) -> list[Rating]:
    """Rate every model in the battles, the best first.

    Args:
        battles: with or without prompts; at least two, and any two models linked by a chain of battles.
        penalty: λ of (λ/2)·ξ², above 0, in units of one battle.
        resamples: draws of the bootstrap; 0 gives intervals of no width.
        confidence: of the interval, in (0, 1).
        seed: of the draws.

    Raises:
        DataError: no battles, one battle, or groups of models that never met; the message names them.
        ValueError: a penalty that is not above 0, or a confidence outside (0, 1).
    """
    check_positive(confidence, "confidence", below=1.0)
    check_count(resamples, "resamples", at_least=0)
    columns = checked_columns(battles)
    wins = columns.wins()
    strengths = bradley_terry_strengths(wins[None], penalty)[0]  # (M,)
    drawn = _drawn_strengths(columns, penalty, resamples, seed) if resamples else strengths[None]
    low, high = np.quantile(drawn, [0.5 - confidence / 2, 0.5 + confidence / 2], axis=0)
    fought = (wins + wins.T).sum(axis=1)
    ratings = [
        Rating(
            model=name,
            strength=float(strengths[k]),
            low=float(low[k]),
            high=float(high[k]),
            battles=round(fought[k]),
            wins=float(wins[k].sum()),
        )
        for k, name in enumerate(columns.models)
    ]
    return sorted(ratings, key=lambda rating: -rating.strength)


def model_strengths(battles: Sequence[Battle], *, penalty: float = PENALTY) -> dict[str, float]:
    """Return only each model's strength, as the start of other fits.

    Unlike `rate_models` it takes a single battle, and groups of models that never met: the penalty places
    each group around 0.

    Returns:
        model -> ξ in logits, mean 0, sorted by name.

    Raises:
        ValueError: no battles.
    """
    if not battles:
        raise ValueError("there are no battles to rate models by.")
    columns = BattleColumns.from_battles(battles)
    strengths = bradley_terry_strengths(columns.wins()[None], penalty)[0]  # (M,)
    return dict(zip(columns.models, strengths.tolist(), strict=True))


def checked_columns(battles: Sequence[Battle]) -> BattleColumns:
    """Return battles as columns, after checking that ratings follow from them.

    Raises:
        DataError: no battles, one battle, or groups of models that never met.
    """
    if not battles:
        raise DataError("there are no battles to rate models by.")
    if len(battles) == 1:
        (only,) = battles
        raise DataError(
            f"there is only 1 battle, {only.model_a!r} against {only.model_b!r}, which gives no rating. "
            "Add battles."
        )
    columns = BattleColumns.from_battles(battles)
    check_connected(columns)
    return columns


def check_connected(columns: BattleColumns) -> None:
    """Check that any two models are linked by a chain of battles.

    Raises:
        DataError: they are not; names the groups.
    """
    wins = columns.wins()
    groups = connected_groups(wins + wins.T > 0)
    if len(groups) > 1:
        named = "; ".join(", ".join(repr(columns.models[k]) for k in group) for group in groups)
        raise DataError(
            f"the models fall into {len(groups)} groups that never met, so their ratings can't be compared: "
            f"{named}. Add battles between the groups, or rate each alone."
        )


def connected_groups(met: npt.NDArray[np.bool_]) -> list[list[int]]:
    """Return the connected components of a graph, given as a symmetric matrix of shape (m, m)."""
    left = set(range(len(met)))
    groups = []
    while left:
        group, edge = set[int](), {min(left)}
        while edge:
            group |= edge
            edge = {int(k) for k in np.flatnonzero(met[sorted(edge)].any(axis=0))} - group
        groups.append(sorted(group))
        left -= group
    return groups


def _drawn_strengths(
    columns: BattleColumns, penalty: float, resamples: int, seed: int
) -> npt.NDArray[np.float64]:
    # (resamples, M). Equal battles are drawn together: a multinomial draw of how often each kind occurs.
    count = len(columns.models)
    outcome = np.rint(2 * columns.target).astype(np.int64)
    kinds, sizes = np.unique(
        (columns.first.astype(np.int64) * count + columns.second) * 3 + outcome, return_counts=True
    )
    place, outcome = np.divmod(kinds, 3)
    first, second = np.divmod(place, count)
    rng = np.random.default_rng(seed)
    blocks = []
    for start in range(0, resamples, _BLOCK):
        draws = rng.multinomial(len(columns), sizes / sizes.sum(), min(_BLOCK, resamples - start))
        wins = np.zeros((len(draws), count, count))
        for draw, table in zip(draws, wins, strict=True):
            np.add.at(table, (first, second), draw * outcome / 2)
            np.add.at(table, (second, first), draw * (2 - outcome) / 2)
        blocks.append(bradley_terry_strengths(wins, penalty))
    return np.concatenate(blocks)
