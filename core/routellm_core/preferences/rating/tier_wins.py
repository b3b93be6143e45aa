"""TierWins: which tier beat which on which prompt, as needed to fit under any weights of prompts."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from routellm_core.logits import Floats
from routellm_core.preferences.reading.battle_columns import BattleColumns


@dataclass(frozen=True, eq=False)
class WeightedWins:
    """Sums of weights for each of n queries.

    Attributes:
        between: shape (n, T, T): [k, i, j] is the weight of tier i's wins over tier j; the diagonal is 0.
        first: shape (n, T): within a tier, the weight of model_a's wins.
        second: shape (n, T): within a tier, the weight of model_b's wins.
    """

    between: Floats
    first: Floats
    second: Floats


@dataclass(frozen=True, eq=False)
class TierWins:
    """Wins as e entries, sorted by cell; a tie is half a win for both sides.

    Cells 0 to T² − 1 are i·T + j, tier i over tier j. The next T are battles within a tier that model_a won,
    the last T those that model_b won.

    Attributes:
        tiers: T.
        row: the prompt of each entry, shape (e,).
        amount: how many wins it stands for, shape (e,).
        cells: the cells that have entries, ascending.
        starts: position of each one's first entry.
    """

    tiers: int
    row: npt.NDArray[np.intp]
    amount: Floats
    cells: npt.NDArray[np.int64]
    starts: npt.NDArray[np.int64]

    @classmethod
    def from_battles(cls, battles: BattleColumns, tier: npt.NDArray[np.int64], tiers: int) -> TierWins:
        """Count wins by prompt and pair of tiers.

        Args:
            battles: at least one.
            tier: shape (M,), each model's tier, below `tiers`.
            tiers: T.
        """
        first, second = tier[battles.first], tier[battles.second]  # (B,)
        same = first == second
        won = np.where(same, tiers * tiers + first, first * tiers + second)
        lost = np.where(same, tiers * tiers + tiers + first, second * tiers + first)
        cell = np.concatenate([won, lost])
        amount = np.concatenate([battles.target, 1.0 - battles.target])
        keep = amount > 0.0
        key = cell * battles.prompts + np.concatenate([battles.row, battles.row])
        merged, place = np.unique(key[keep], return_inverse=True)
        cell_of_entry, row = np.divmod(merged, battles.prompts)
        cells, starts = np.unique(cell_of_entry, return_index=True)
        amounts = np.bincount(place, amount[keep]).astype(np.float64)
        return cls(tiers=tiers, row=row.astype(np.intp), amount=amounts, cells=cells, starts=starts)

    def weighted(self, weights: Floats) -> WeightedWins:
        """Sum the wins under each query's weights of the prompts, shape (n, P); queries don't mix."""
        sums = np.zeros((len(weights), self.tiers * (self.tiers + 2)))
        entries = weights.take(self.row, axis=1)  # (n, e)
        entries *= self.amount
        sums[:, self.cells] = np.add.reduceat(entries, self.starts, axis=1)
        between, first, second = np.split(sums, [self.tiers**2, self.tiers * (self.tiers + 1)], axis=1)
        return WeightedWins(between.reshape(-1, self.tiers, self.tiers), first, second)
