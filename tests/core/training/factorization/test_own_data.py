"""Own data: how battles and labels become comparisons, and what is refused."""

import pytest

from routellm_core.preferences.reading.battles import Battle
from routellm_core.preferences.reading.labels import Label
from routellm_core.training.factorization.own_data import read_own_data


def test_the_comparisons_of_a_label_are_together_as_heavy_as_one_battle() -> None:
    battles = [Battle("p", "big", "tiny", "model_a")]
    data = read_own_data(battles, [Label("q", {"big": 2, "mid": 1, "tiny": 1})], strong="big", weak="tiny")
    columns = data.comparisons

    assert (data.prompts, data.models) == (["p", "q"], ["big", "mid", "tiny"])
    assert columns.row.tolist() == [0, 1, 1, 1]
    assert columns.target.tolist() == [1.0, 1.0, 1.0, 0.5]
    assert columns.weight.tolist() == pytest.approx([1.0, 1 / 3, 1 / 3, 1 / 3])
    assert data.digest() != read_own_data(battles, [], strong="big", weak="tiny").digest()


def test_models_that_are_compared_nowhere_are_refused() -> None:
    battles = [Battle("p", "big", "tiny", "model_a")]
    with pytest.raises(
        ValueError, match=r"strong is 'huge', which occurs in no comparison: known are \['big'"
    ):
        read_own_data(battles, [], strong="huge", weak="tiny")
    with pytest.raises(ValueError, match="no comparisons"):
        read_own_data([], [Label("x", {"big": 1.0})], strong="big", weak="tiny")
