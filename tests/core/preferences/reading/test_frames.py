"""Battles and labels from pandas frames; the places of rows are those of the frame's index."""

import json
from typing import Any

import numpy as np
import pytest

from routellm_core.preferences.reading.battles import Battle
from routellm_core.preferences.reading.frames import frame_records
from routellm_core.preferences.reading.records import DataError, RowError
from routellm_core.preferences.reading.sifting import sift_battles, sift_labels

pandas = pytest.importorskip("pandas", reason="frames are pandas'")

TURN = {"role": "user", "content": "Why is the sky blue?"}


def test_the_55k_layout_as_a_frame() -> None:
    frame = pandas.DataFrame(
        {
            "model_a": ["x", "x"],
            "model_b": ["y", "y"],
            "prompt": ['["Why is the sky blue?"]', '["Why is the sky blue?"]'],
            "winner_model_a": np.array([1, 0], dtype=np.int8),
            "winner_model_b": [False, False],
            "winner_tie": [0.0, 1.0],
        }
    )

    assert sift_battles(frame).items == (
        Battle("Why is the sky blue?", "x", "y", "model_a"),
        Battle("Why is the sky blue?", "x", "y", "tie"),
    )


def test_the_33k_layout_with_arrays_as_parquet_gives_them() -> None:
    conversation = np.array([TURN, {"role": "assistant", "content": "Light."}], dtype=object)
    frame = pandas.DataFrame(
        {
            "conversation_a": [conversation],
            "conversation_b": [conversation],
            "model_a": ["x"],
            "model_b": ["y"],
            "winner": ["tie (bothbad)"],
        }
    )

    assert sift_battles(frame).strict() == (Battle("Why is the sky blue?", "x", "y", "tie", True),)


@pytest.mark.parametrize("absent", [None, float("nan"), pandas.NA, pandas.NaT])
def test_a_missing_value_is_a_missing_field_at_the_rows_label(absent: Any) -> None:
    rows = [
        {"prompt": "Why?", "model_a": "x", "model_b": "y", "winner": "tie"},
        {"prompt": absent, "model_a": "x", "model_b": "y", "winner": "tie"},
    ]
    sifted = sift_battles(pandas.DataFrame(rows, index=[7, 42], dtype=object))

    assert len(sifted.items) == 1
    assert sifted.reasons == {"prompt: missing": 1}
    with pytest.raises(RowError, match="frame: row 42: field 'prompt' is missing, expected text"):
        sifted.strict()


def test_labels_from_a_frame_hold_plain_numbers() -> None:
    frame = pandas.DataFrame({"prompt": ["Why?", "How?"], "x": [1, 0], "y": [0.5, np.nan]})
    sifted = sift_labels(frame)

    assert [dict(label.scores) for label in sifted.items] == [{"x": 1.0, "y": 0.5}, {"x": 0.0}]
    assert json.dumps([record.values for record in frame_records(frame)])


def test_no_frame_is_an_error() -> None:
    with pytest.raises(DataError, match="frame is a list, expected a pandas data frame"):
        list(frame_records([1]))  # type: ignore[arg-type]
    with pytest.raises(DataError, match="frame holds no battle"):
        sift_battles(pandas.DataFrame({"prompt": []}))
