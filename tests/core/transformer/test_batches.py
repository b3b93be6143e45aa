"""Batches of rows of like length."""

import pytest

from routellm_core.transformer.batches import token_batches

pytest.importorskip("transformers", reason="bert needs the extra torch")


def test_rows_of_like_length_share_a_batch() -> None:
    rows = [[1], [1, 2, 3], [1, 2], [4, 5, 6], [7, 8]]
    batches = list(token_batches(rows, 2, pad=9))

    assert [batch.positions.tolist() for batch in batches] == [[1, 3], [2, 4], [0]]
    padded = next(token_batches(rows[:2], 2, pad=9))
    assert padded.ids.tolist() == [[1, 2, 3], [1, 9, 9]]
    assert padded.mask.tolist() == [[1, 1, 1], [1, 0, 0]]
