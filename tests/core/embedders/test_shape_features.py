"""Standardised shapes and their projection."""

from __future__ import annotations

import numpy as np
import pytest

from routellm_core.embedders.shape import FEATURES, shape_of
from routellm_core.embedders.shape_features import ShapeFeatures
from routellm_core.embedders.standardisation import CLIP

PROMPTS = [
    "What is the capital of Norway?",
    "Prove that there are infinitely many primes.",
    "hi",
    "Translate to French: where is my parcel 48213?",
    "def f(x):\n    return x[0] + 1",
    "",
]


def test_the_folded_projection_is_that_of_the_vector() -> None:
    features = ShapeFeatures.from_prompts(PROMPTS)
    direction = np.random.default_rng(0).standard_normal(len(FEATURES))
    direction[3] = 0.0
    freak = "?" * 5_000 + " 1" * 500
    fold = features.folded(direction.tolist())
    for text in [*PROMPTS, freak]:
        expected = float(features.embed([text])[0] @ direction)
        assert fold(shape_of(text).features) == pytest.approx(expected, abs=1e-9)


def test_features_are_standardised_and_cut() -> None:
    features = ShapeFeatures.from_prompts(PROMPTS)
    embedded = features.embed([*PROMPTS, "?" * 8_000])
    assert embedded.shape == (7, len(FEATURES))
    assert np.abs(embedded).max() == CLIP
    assert features.embed([]).shape == (0, len(FEATURES))


def test_wrong_shapes_are_refused() -> None:
    with pytest.raises(ValueError, match="centre has shape"):
        ShapeFeatures(np.zeros(3), np.ones(len(FEATURES)))
    with pytest.raises(ValueError, match="not above 0"):
        ShapeFeatures(np.zeros(len(FEATURES)), np.zeros(len(FEATURES)))
