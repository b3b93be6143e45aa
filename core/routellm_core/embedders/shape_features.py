"""ShapeFeatures: a prompt's shape as a standardised vector, and its projection on one direction."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

import numpy as np

from routellm_core.embedders.shape import FEATURES, Shape, shape_of
from routellm_core.embedders.standardisation import CLIP, Standardisation, scale_of
from routellm_core.logits import Floats

Number = TypeVar("Number", float, complex)


class ShapeFeatures(Standardisation):
    """Standardises `Shape.features`, each of which is in [-CLIP, CLIP] then."""

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

    def folded(self, direction: list[Number]) -> ShapeFold[Number]:
        """Return the function raw features -> standardised features · direction.

        Args:
            direction: len(FEATURES) weights, complex for two directions at once; a feature without weight
                costs nothing.
        """
        rows = tuple(
            (index, middle - CLIP * width, middle + CLIP * width, weight / width)
            for index, (middle, width, weight) in enumerate(
                zip(self.centre.tolist(), self.spread.tolist(), direction, strict=True)
            )
            if weight
        )
        nothing = type(direction[0])()
        return ShapeFold(
            rows, -sum((float(self.centre[index]) * slope for index, _, _, slope in rows), nothing)
        )


@dataclass(frozen=True)
class ShapeFold(Generic[Number]):
    """Standardised features projected on one direction, or on two as a complex number, in plain numbers.

    Attributes:
        rows: of each feature with a weight, its index, the raw values where it is cut, a raw one's weight.
        constant: what the centres add up to.
    """

    rows: tuple[tuple[int, float, float, Number], ...]
    constant: Number

    def __call__(self, features: Sequence[float]) -> Number:
        """Return the projection of the features of one text's shape."""
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
    rows = [shape.features for shape in shapes]
    return np.array(rows, dtype=np.float64).reshape(len(shapes), len(FEATURES))
