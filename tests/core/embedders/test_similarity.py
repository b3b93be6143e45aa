"""Cosines in blocks: equal to those of all rows at once."""

import numpy as np
import pytest

from routellm_core.embedders.similarity import cosines, greatest_similarity, unit_rows


def test_rows_have_length_1_whatever_their_size() -> None:
    rows = np.array([[3.0, 4.0], [3e200, 4e200], [3e-200, 4e-200], [0.0, 0.0], [-5.0, 0.0]])
    found = unit_rows(rows)

    assert found.dtype == np.float32
    assert found == pytest.approx(np.array([[0.6, 0.8]] * 3 + [[0.0, 0.0], [-1.0, 0.0]]))
    assert unit_rows(np.zeros((0, 3))).shape == (0, 3)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_a_row_that_is_not_finite_is_named(value: float) -> None:
    rows = np.ones((2000, 2))
    rows[1500, 1] = value
    with pytest.raises(ValueError, match="embedding 1500 holds a value that is NaN or infinite"):
        unit_rows(rows)
    with pytest.raises(ValueError, match=r"embeddings has shape \(3,\), expected \(n, d\)"):
        unit_rows(np.ones(3))


def test_the_most_like_is_another_row_in_any_block() -> None:
    # three blocks; each row's nearest may lie in any of them
    rows = unit_rows(np.random.default_rng(0).standard_normal((2100, 6)))
    square = rows.astype(np.float64) @ rows.T.astype(np.float64)
    np.fill_diagonal(square, -1.0)

    assert greatest_similarity(rows) == pytest.approx(square.max(axis=1), abs=1e-6)
    assert greatest_similarity(rows[:1]).tolist() == [-1.0]
    assert greatest_similarity(rows[[0, 1, 0]])[[0, 2]] == pytest.approx(np.ones(2))


def test_cosines_are_those_of_all_rows_at_once() -> None:
    # several blocks of stored rows, the last one not full
    stored = unit_rows(np.random.default_rng(1).standard_normal((3001, 200)))
    queries = unit_rows(np.random.default_rng(2).standard_normal((5, 200)))

    assert stored.nbytes > 2 * 2**20
    assert cosines(queries, stored) == pytest.approx(queries @ stored.T, abs=1e-6)
    assert cosines(queries[:0], stored).shape == (0, 3001)
