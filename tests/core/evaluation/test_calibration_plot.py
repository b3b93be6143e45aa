"""The calibration's picture: every score on its side."""

import numpy as np
import pytest

from routellm_core.evaluation.calibration_plot import score_edges


@pytest.mark.parametrize("threshold", [0.0, 0.5, 0.55, 1.0])
@pytest.mark.parametrize("scores", [[0.5] * 9, [0.5, 0.5 + 1e-9], [0.1, 0.55, 0.9]])
def test_every_score_is_drawn_on_its_side(scores: list[float], threshold: float) -> None:
    edges = score_edges(np.array(scores), threshold)

    assert len(edges) < 50
    assert edges[0] <= min(scores)
    assert edges[-1] >= max(scores)
    if min(scores) < threshold < max(scores):
        assert np.abs(edges - threshold).min() == pytest.approx(0.0, abs=1e-12)
