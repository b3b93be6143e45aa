"""What every fine-tuning is given: its settings and rows."""

import numpy as np
import pytest

from routellm_core.training.fine_tuning.settings import FineTuningRows, FineTuningSettings


def test_the_constant_loss_is_that_of_the_frequencies() -> None:
    train = FineTuningRows([[1]] * 7, [0, 0, 0, 0, 1, 1, 2])
    other = FineTuningRows([[1]] * 2, [0, 2])

    assert train.constant_loss(other) == pytest.approx(-(np.log(5 / 10) + np.log(2 / 10)) / 2)
    assert train.constant_loss(FineTuningRows([[1]], [4])) == pytest.approx(-np.log(1 / 11))


def test_rows_that_differ_have_another_digest() -> None:
    rows = [
        FineTuningRows([[1, 2], [3]], [0, 1]),
        FineTuningRows([[1], [2, 3]], [0, 1]),
        FineTuningRows([[1, 2], [3]], [1, 1]),
    ]

    assert len({row.digest() for row in rows}) == 3


@pytest.mark.parametrize("field", ["max_steps", "batch_size", "interval", "patience", "learning_rate"])
def test_settings_below_their_least_are_refused(field: str) -> None:
    with pytest.raises(ValueError, match=f"{field} is 0"):
        FineTuningSettings(**{field: 0})
