"""Similarity weighting: the formula, and what is refused."""

from typing import Any

import numpy as np
import pytest

from routellm_core.preferences.rating.similarity_weighting import SimilarityWeighting


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"gamma": 1.0}, r"gamma is 1\.0, expected a number above 1"),
        ({"gamma": float("inf")}, "gamma is inf"),
        ({"penalty": 0.0}, r"penalty is 0\.0, expected a number above 0"),
        ({"penalty": "1"}, "penalty is '1'"),
        ({"scaling": "max"}, r"scaling is 'max', expected one of \['paper', 'published'\]"),
        ({"same_tier": True}, "same_tier is True"),
    ],
)
def test_weightings_that_cannot_be_are_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        SimilarityWeighting(**changes)


def test_weights_are_the_formula_and_never_those_of_one_battle_alone() -> None:
    cosines = np.array([[1.0, 0.5, 0.3], [0.2, -0.1, 0.1]], dtype=np.float32)
    nearest = np.array([0.5, 0.0, -0.4], dtype=np.float32)
    paper = SimilarityWeighting(2.0).weights(cosines, nearest)
    published = SimilarityWeighting(2.0, "published").weights(cosines, None)

    assert np.log2(paper) == pytest.approx(np.array([[3.0, 3.0, 2.2], [1.4, 0.6, 1.4]]))
    assert np.log2(published) == pytest.approx(np.array([[2.0, 1.5, 1.3], [2.0, 0.5, 1.5]]))
    assert SimilarityWeighting(2.0, "published").weights(-cosines[:1], None).tolist() == [[2.0, 2.0, 2.0]]
