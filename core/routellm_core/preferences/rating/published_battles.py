"""The published layout of Arena and judge battles: turns as a JSON list, one column per outcome."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from routellm_core.preferences.rating.ratings import rate_models
from routellm_core.preferences.rating.tiered_battles import TieredBattles
from routellm_core.preferences.rating.tiers import tiers_of
from routellm_core.preferences.reading.battle_columns import BattleColumns
from routellm_core.preferences.reading.battles import Battle, Winner
from routellm_core.preferences.reading.records import DataError, Record
from routellm_core.routing.request import MIN_SCORED_CHARACTERS

SHORTEST_PROMPT = MIN_SCORED_CHARACTERS
"""In characters; the paper drops shorter first turns, and the published embeddings have no row for them."""

_PENALTY = 1e-6
"""The published ratings have no penalty; this one is negligible for models with wins and losses."""

_OUTCOMES: tuple[tuple[str, Winner], ...] = (
    ("winner_model_a", "model_a"),
    ("winner_model_b", "model_b"),
    ("winner_tie", "tie"),
)


@dataclass(frozen=True)
class PublishedBattles:
    """Battles in the order of their rows.

    Attributes:
        battles: on the first turn, surrounding white space removed.
        too_short: how many rows were dropped because their first turn is below `SHORTEST_PROMPT`.
    """

    battles: list[Battle]
    too_short: int


def published_battles(rows: Iterable[Mapping[str, Any]]) -> PublishedBattles:
    """Read rows of prompt (a JSON list of turns), model_a, model_b, winner_model_a, _model_b, _tie.

    Raises:
        DataError: names the row, the field and the value.
    """
    battles = []
    too_short = 0
    for number, row in enumerate(rows, start=1):
        record = Record(row, f"row {number}")
        turn = _first_turn(record)
        if len(turn) < SHORTEST_PROMPT:
            too_short += 1
            continue
        winners = [winner for column, winner in _OUTCOMES if _flag(record, column)]
        if len(winners) != 1:
            raise DataError(
                f"{record.place}: {len(winners)} of winner_model_a, winner_model_b and winner_tie are 1, "
                "expected one."
            )
        battles.append(Battle(turn, record.text("model_a"), record.text("model_b"), winners[0]))
    return PublishedBattles(battles, too_short)


def published_tiered_battles(
    rows: Iterable[Mapping[str, Any]],
    embeddings: npt.NDArray[np.floating[Any]],
    tiers: int,
    *,
    with_nearest: bool,
) -> TieredBattles:
    """Rate the models of published battles, put them into tiers and join the embeddings.

    Args:
        rows: see `published_battles`.
        embeddings: shape (n, D), one for each row whose first turn is long enough, in order. For equal first
            turns, the first one's is kept.
        tiers: how many.
        with_nearest: see `TieredBattles.from_embeddings`.

    Raises:
        DataError: a row that can't be read, or the numbers of embeddings and battles differ.
        ValueError: more tiers than models, or an embedding that is not finite.
    """
    read = published_battles(rows)
    if len(embeddings) != len(read.battles):
        raise DataError(
            f"there are {len(embeddings)} embeddings for {len(read.battles)} battles ({read.too_short} more "
            f"were dropped for a first turn below {SHORTEST_PROMPT} characters): the published embeddings "
            "have one row for each battle that is kept, in the same order."
        )
    ratings = rate_models(read.battles, penalty=_PENALTY, resamples=0)
    columns = BattleColumns.from_battles(read.battles)
    _, first = np.unique(columns.row, return_index=True)  # (P,)
    return TieredBattles.from_embeddings(
        columns,
        embeddings[first],
        tiers_of({rating.model: rating.strength for rating in ratings}, tiers),
        with_nearest=with_nearest,
    )


def _first_turn(record: Record) -> str:
    expected = "a JSON list of turns"
    try:
        turns = json.loads(record.text("prompt"))
    except (ValueError, RecursionError) as error:
        if isinstance(error, DataError):
            raise
        record.refuse("prompt", expected)
    # A turn may be null in the published files: the user sent nothing.
    if not isinstance(turns, list) or not turns or not isinstance(turns[0], str | None):
        record.refuse("prompt", expected)
    return (turns[0] or "").strip()


def _flag(record: Record, column: str) -> bool:
    value = record.values.get(column)
    if isinstance(value, str):
        value = {"0": 0, "1": 1}.get(value)
    if value not in (0, 1):
        record.refuse(column, "0 or 1")
    return bool(value)
