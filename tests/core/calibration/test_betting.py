"""Betting: which values refute a mean of 0."""

import numpy as np
import pytest

from routellm_core.calibration.betting import rejects


def test_bets_reject_what_is_plain_and_not_what_is_even() -> None:
    rng = np.random.default_rng(8)

    def rate(mean: float) -> float:
        return float(
            np.mean([rejects(rng.choice([-1.0, 1.0], 200) + mean, mean - 1.0, 0.1) for _ in range(300)])
        )

    assert rate(0.4) > 0.99
    assert 0.01 < rate(0.0) <= 0.13
    with pytest.raises(ValueError, match=r"lowest is 0\.0"):
        rejects(np.ones(3), 0.0, 0.1)
