"""The static table: what reduction and rounding leave of token vectors."""

import numpy as np
import pytest

from routellm_core.training.default.static_table import StaticTableSettings, compress


def test_a_table_keeps_directions_through_reduction_and_rounding() -> None:
    rng = np.random.default_rng(0)
    vocabulary = {"[PAD]": 0, "[UNK]": 1, **{f"w{k}": k for k in range(2, 60)}}
    vectors = (rng.standard_normal((60, 4)) @ rng.standard_normal((4, 16))).astype(np.float32)
    made = compress(vectors, vocabulary, b"{}", StaticTableSettings(dimension=4, frequency_offset=1.0))
    restored = made.scales[:, None] * made.table
    centred = vectors - vectors.mean(axis=0)
    rank = np.arange(2, 62)
    weights = 1.0 / (1.0 + (1 / rank) / (1 / rank).sum())

    assert made.scales[[0, 1]].tolist() == [0.0, 0.0]
    # 4 of 16 dimensions hold it all: inner products survive
    expected = (weights[2:, None] * centred[2:]) @ (weights[2:, None] * centred[2:]).T
    assert np.abs(restored[2:] @ restored[2:].T - expected).max() < 0.02 * np.abs(expected).max()
    with pytest.raises(ValueError, match="vectors has 59 rows, expected 60"):
        compress(vectors[:59], vocabulary, b"{}", StaticTableSettings(dimension=4))
    with pytest.raises(ValueError, match="dimension is 17, the vectors have only 16"):
        compress(vectors, vocabulary, b"{}", StaticTableSettings(dimension=17))
