"""BattleColumns: battles as arrays of indices, for everything that sums over thousands of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from routellm_core.preferences.reading.battles import Battle

Integers = npt.NDArray[np.integer]
Numbers = npt.NDArray[np.floating]


@dataclass(frozen=True, eq=False)
class BattleColumns:
    """B battles of M models on P distinct prompts, each array of shape (B,).

    Attributes:
        models: M names, sorted.
        prompts: P; callers keep the prompts themselves if they need them.
        row: the battle's prompt, an index below P.
        first: model_a, an index into `models`.
        second: model_b.
        target: 1 if model_a won, 0 if model_b won, 0.5 for a tie.
    """

    models: tuple[str, ...]
    prompts: int
    row: Integers
    first: Integers
    second: Integers
    target: Numbers

    def __post_init__(self) -> None:
        shapes = {column.shape for column in (self.row, self.first, self.second, self.target)}
        if len(shapes) != 1 or len(next(iter(shapes))) != 1:
            raise ValueError(f"the columns of the battles have shapes {sorted(shapes)}, expected one (B,).")
        for name, column, limit in (
            ("row", self.row, self.prompts),
            ("first", self.first, len(self.models)),
            ("second", self.second, len(self.models)),
        ):
            if column.size and not 0 <= column.min() <= column.max() < limit:
                raise ValueError(f"{name} holds an index outside 0 to {limit - 1}.")
        if not np.isin(self.target, (0.0, 0.5, 1.0)).all():
            raise ValueError("target holds a value that is none of 0, 0.5 and 1.")

    def __len__(self) -> int:
        return len(self.row)

    @classmethod
    def from_battles(cls, battles: Sequence[Battle]) -> BattleColumns:
        """Number models by name, and prompts in the order of `distinct_prompts`."""
        models = sorted({name for battle in battles for name in (battle.model_a, battle.model_b)})
        index = {name: position for position, name in enumerate(models)}
        rows = {text: row for row, text in enumerate(distinct_prompts(battles))}
        return cls(
            models=tuple(models),
            prompts=len(rows),
            row=np.array([rows[battle.prompt] for battle in battles], dtype=np.int32),
            first=np.array([index[battle.model_a] for battle in battles], dtype=np.int32),
            second=np.array([index[battle.model_b] for battle in battles], dtype=np.int32),
            target=np.array([battle.target for battle in battles], dtype=np.float32),
        )

    def wins(self) -> npt.NDArray[np.float64]:
        """Return the wins of each model over each other, shape (M, M); a tie is half a win for both."""
        count = len(self.models)
        won = np.bincount(self.first * count + self.second, self.target, count * count)
        lost = np.bincount(self.second * count + self.first, 1.0 - self.target, count * count)
        return (won + lost).reshape(count, count).astype(np.float64)


def distinct_prompts(battles: Sequence[Battle]) -> list[str]:
    """Return each prompt once, in the order in which it first occurs."""
    return list(dict.fromkeys(battle.prompt for battle in battles))
