"""Battles as columns of indices."""

import numpy as np
import pytest

from routellm_core.preferences.reading.battle_columns import BattleColumns, distinct_prompts
from routellm_core.preferences.reading.battles import Battle


def test_columns_number_prompts_and_models() -> None:
    battles = [
        Battle("q", "b", "a", "tie"),
        Battle("p", "a", "c", "model_b"),
        Battle("q", "b", "a", "model_a"),
    ]
    columns = BattleColumns.from_battles(battles)

    assert distinct_prompts(battles) == ["q", "p"]
    assert (columns.models, columns.prompts, len(columns)) == (("a", "b", "c"), 2, 3)
    assert columns.row.tolist() == [0, 1, 0]
    assert columns.target.tolist() == [0.5, 0.0, 1.0]
    assert columns.wins().tolist() == [[0.0, 0.5, 0.0], [1.5, 0.0, 0.0], [1.0, 0.0, 0.0]]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"row": np.array([0, 2])}, "row holds an index outside 0 to 1"),
        ({"second": np.array([-1, 1])}, "second holds an index outside 0 to 2"),
        ({"target": np.array([0.5, 0.7])}, "target holds a value that is none of 0, 0.5 and 1"),
        ({"target": np.array([0.5])}, "columns of the battles have shapes"),
    ],
)
def test_columns_that_do_not_fit_are_refused(change: dict[str, object], message: str) -> None:
    parts = {"row": [0, 1], "first": [0, 1], "second": [1, 2], "target": [1.0, 0.5]}
    arrays = {name: np.array(values) for name, values in parts.items()}
    with pytest.raises(ValueError, match=message):
        BattleColumns(("a", "b", "c"), 2, **(arrays | change))  # type: ignore[arg-type]
