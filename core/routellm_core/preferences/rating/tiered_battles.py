"""TieredBattles: battles with their prompts' embeddings and their models' tiers, as ranking needs them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from routellm_core.checkpoints.checkpoint import Checkpoint
from routellm_core.checkpoints.row_limit import check_rows
from routellm_core.embedders.similarity import greatest_similarity, longest_row, unit_rows
from routellm_core.preferences.rating.ratings import connected_groups
from routellm_core.preferences.rating.tier_wins import TierWins
from routellm_core.preferences.reading.battle_columns import BattleColumns

_COLUMNS = ("row", "first", "second", "target")
_MOST_TIERS = 256
"""Most tiers in a file: memory grows with their square."""

_LONGEST = 1.001
"""Largest length of a row of length 1, after rounding."""

_BY_TIER = re.compile(r"tier:([0-9]+)")


@dataclass(frozen=True, eq=False)
class TieredBattles:
    """B battles of M models in T tiers, on P distinct prompts; the prompts themselves are not kept.

    Attributes:
        columns: the battles.
        embeddings: of the prompts, float32, shape (P, D), rows of length 1 or 0; may be memory-mapped.
        tiers: the tier of each of `columns.models`, 0 the best.
        nearest: shape (P,), the cosine of each prompt with its most similar other; None if not needed.
    """

    columns: BattleColumns
    embeddings: npt.NDArray[np.float32]
    tiers: tuple[int, ...]
    nearest: npt.NDArray[np.float32] | None = None

    def __post_init__(self) -> None:
        count, shape = self.columns.prompts, self.embeddings.shape
        if not len(self.columns):
            raise ValueError("there are no battles to rank by.")
        if len(shape) != 2 or shape[0] != count or self.embeddings.dtype != np.float32:
            raise ValueError(
                f"embeddings is {self.embeddings.dtype} of shape {shape}, expected float32 of ({count}, D)."
            )
        if len(self.tiers) != len(self.columns.models) or not all(
            isinstance(tier, int) and 0 <= tier < len(self.tiers) for tier in self.tiers
        ):
            raise ValueError(
                f"tiers is {list(self.tiers)}, expected a whole number from 0 to "
                f"{len(self.columns.models) - 1} for each of {len(self.columns.models)} models."
            )
        if self.nearest is not None and self.nearest.shape != (count,):
            raise ValueError(f"nearest has shape {self.nearest.shape}, expected ({count},).")

    @classmethod
    def from_embeddings(
        cls,
        columns: BattleColumns,
        embeddings: npt.NDArray[np.floating[Any]],
        tiers: Mapping[str, int],
        *,
        with_nearest: bool = True,
    ) -> TieredBattles:
        """Normalize embeddings, shape (P, D), to length 1, and find each prompt's nearest.

        Args:
            columns: the battles.
            embeddings: row i is of prompt i.
            tiers: model -> tier, 0 the best, for every model that plays.
            with_nearest: whether to find the nearest; the time grows with P².

        Raises:
            ValueError: a model without a tier, an embedding that is not finite, shapes that do not fit.
        """
        missing = [model for model in columns.models if model not in tiers]
        if missing:
            raise ValueError(f"tiers has none for {missing}, which occur in the battles.")
        rows = unit_rows(embeddings)
        nearest = greatest_similarity(rows) if with_nearest else None
        return cls(columns, rows, tuple(tiers[model] for model in columns.models), nearest)

    @property
    def tier_count(self) -> int:
        """The number of tiers, T."""
        return max(self.tiers) + 1

    def wins(self) -> TierWins:
        """Sum the battles by prompt and pair of tiers."""
        return TierWins.from_battles(self.columns, np.array(self.tiers, dtype=np.int64), self.tier_count)

    def pair(self, strong: str, weak: str) -> tuple[int, int]:
        """Return the tiers of a pair of models, each given by name or as "tier:N".

        Raises:
            ValueError: an unknown model or tier, one tier for both, or two that no chain of battles links.
        """
        tiers = (self._tier(strong, "strong"), self._tier(weak, "weak"))
        if tiers[0] == tiers[1]:
            raise ValueError(
                f"strong {strong!r} and weak {weak!r} are both of tier {tiers[0]}, so every score would be "
                "0.5: make more tiers, or name a tier of another strength, such as 'tier:0'."
            )
        between = self.wins().weighted(np.ones((1, self.columns.prompts))).between[0]  # (T, T)
        groups = connected_groups(between + between.T > 0.0)
        if not any(set(tiers) <= set(group) for group in groups):
            raise ValueError(
                f"strong {strong!r} is of tier {tiers[0]} and weak {weak!r} of tier {tiers[1]}, and no "
                "chain of battles links the two: add battles between them, or make fewer tiers."
            )
        return tiers

    def _tier(self, model: str, role: str) -> int:
        if model in self.columns.models:
            return self.tiers[self.columns.models.index(model)]
        by_tier = _BY_TIER.fullmatch(model)
        if by_tier and int(by_tier[1]) < self.tier_count:
            return int(by_tier[1])
        raise ValueError(
            f"{role} is {model!r}, which occurs in no battle: known are {list(self.columns.models)}. For "
            "any other model, give the tier of models of its strength: 'tier:0', the best, to "
            f"'tier:{self.tier_count - 1}'."
        )

    def to_parts(self) -> Checkpoint:
        """Return these battles as part of a router's checkpoint."""
        tensors = {f"battles.{name}": getattr(self.columns, name) for name in _COLUMNS}
        if self.nearest is not None:
            tensors["nearest"] = self.nearest
        settings = {"models": list(self.columns.models), "tiers": list(self.tiers)}
        return Checkpoint("", settings, tensors, arrays={"embeddings": self.embeddings})

    @classmethod
    def from_checkpoint(cls, checkpoint: Checkpoint) -> TieredBattles:
        """Rebuild the battles from `to_parts`; the embeddings stay on disk, memory-mapped.

        Raises:
            ValueError: a part is missing or does not fit the others.
        """
        embeddings = checkpoint.array("embeddings", (None, None))
        check_rows(len(embeddings), embeddings.nbytes, "the array 'embeddings'")
        columns = [checkpoint.tensor(f"battles.{name}", (None,)) for name in _COLUMNS]
        check_rows(len(columns[0]), embeddings.nbytes, "the table of battles")
        models, tiers = checkpoint.setting("models"), checkpoint.setting("tiers")
        for name, value in (("models", models), ("tiers", tiers)):
            if not isinstance(value, list):
                raise ValueError(f"{name} is {value!r}, expected a list.")
        nearest = checkpoint.tensor("nearest", (None,)) if "nearest" in checkpoint.tensors else None
        battles = cls(
            BattleColumns(tuple(models), len(embeddings), *columns), embeddings, tuple(tiers), nearest
        )
        if battles.tier_count > _MOST_TIERS:
            raise ValueError(f"there are {battles.tier_count} tiers, expected at most {_MOST_TIERS}.")
        if longest_row(embeddings) > _LONGEST:
            raise ValueError("embeddings holds rows of a norm above 1.")
        return battles
