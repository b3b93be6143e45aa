"""ShapeFeatures: a prompt's shape as a standardised vector, and its projection on one direction."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from routellm_core.embedders.shape import FEATURES, Shape, shape_features, shape_of
from routellm_core.embedders.standardisation import CLIP, Standardisation, scale_of
from routellm_core.logits import Floats


class ShapeFeatures(Standardisation):
    """Standardises `shape_features`, each of which is in [-CLIP, CLIP] then."""

    def __init__(self, centre: Floats, spread: Floats) -> None:
        """Store the mean and the standard deviation of each feature, each of shape (len(FEATURES),).

        Raises:
            ValueError: a shape does not fit `FEATURES`, or a spread is not above 0.
        """
        super().__init__(centre, spread, len(FEATURES))

    @classmethod
    def from_prompts(cls, prompts: Sequence[str]) -> ShapeFeatures:
        """Take centre and spread from prompts; a feature that never varies keeps a spread of 1."""
        return cls.from_raw(raw_features(prompts))

    @classmethod
    def from_raw(cls, raw: Floats) -> ShapeFeatures:
        """Do so from what `raw_features` measured, shape (n, len(FEATURES))."""
        return cls(*scale_of(raw))

    def embed(self, prompts: Sequence[str]) -> Floats:
        """Return the standardised features, shape (n, len(FEATURES)), each in [-CLIP, CLIP]."""
        return self.standardised(raw_features(prompts))

    def folded(self, direction: Floats) -> ShapeFold:
        """Return the function raw features -> standardised features · direction.

        Args:
            direction: shape (len(FEATURES),); a feature without weight costs nothing.
        """
        rows = tuple(
            (index, middle - CLIP * width, middle + CLIP * width, weight / width)
            for index, (middle, width, weight) in enumerate(
                zip(self.centre.tolist(), self.spread.tolist(), direction.tolist(), strict=True)
            )
            if weight
        )
        return ShapeFold(rows, -sum(float(self.centre[index]) * slope for index, _, _, slope in rows))


@dataclass(frozen=True, slots=True)
class ShapeFold:
    """Standardised features projected on one direction, in plain numbers.

    Attributes:
        rows: of each feature with a weight, its index, the raw values where it is cut, a raw one's weight.
        constant: what the centres add up to.
    """

    rows: tuple[tuple[int, float, float, float], ...]
    constant: float

    def __call__(self, features: Sequence[float]) -> float:
        """Return the projection of what `shape_features` measured on one text."""
        total = self.constant
        for index, low, high, slope in self.rows:
            raw = features[index]
            total += slope * (low if raw < low else high if raw > high else raw)
        return total


def raw_features(prompts: Sequence[str]) -> Floats:
    """Measure prompts, not standardised; shape (n, len(FEATURES))."""
    return measured([shape_of(text) for text in prompts])


def measured(shapes: Sequence[Shape]) -> Floats:
    """Measure texts that are taken apart already, not standardised; shape (n, len(FEATURES))."""
    rows = [shape_features(shape) for shape in shapes]
    return np.array(rows, dtype=np.float64).reshape(len(shapes), len(FEATURES))
