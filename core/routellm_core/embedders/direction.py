"""Direction: one of the sums by which the default router scores, over a text's units and its shape."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from routellm_core.embedders.pieces import Pieces
from routellm_core.embedders.shape import FEATURES, Shape
from routellm_core.embedders.shape_features import ShapeFeatures, ShapeFold
from routellm_core.embedders.unit_sums import UnitSums, Weights
from routellm_core.embedders.units import units_of, window


@dataclass(frozen=True, eq=False)
class DirectionWeights:
    """What a direction is made of; v is the size of the vocabulary.

    Attributes:
        constant: the logit of a text without known units and of average shape.
        root: shape (v,), see `UnitSums`.
        plain: shape (v,), see `UnitSums`; None for nothing.
        options: shape (v,), as `root` over the units of the options; None if options are not read.
        shape: centre and spread of the features.
        shape_weights: shape (len(FEATURES),), of the standardised features.
        reads_numbers: see `UnitSums`; such a direction reads every word and not a window of them.
    """

    constant: float
    root: Weights
    plain: Weights | None
    options: Weights | None
    shape: ShapeFeatures
    shape_weights: npt.NDArray[np.float64]
    reads_numbers: bool

    def scaled(self, slope: float, intercept: float) -> DirectionWeights:
        """Return weights whose logit is `intercept` + `slope` times this one's."""
        return replace(
            self,
            constant=intercept + slope * self.constant,
            root=_times(slope, self.root),
            plain=None if self.plain is None else _times(slope, self.plain),
            options=None if self.options is None else _times(slope, self.options),
            shape_weights=slope * self.shape_weights,
        )


class Direction:
    """shape -> the logit of one text: a constant, its units' sums and its features' sum."""

    def __init__(self, pieces: Pieces, weights: DirectionWeights) -> None:
        """Fold the weights.

        Raises:
            ValueError: shapes that do not fit each other.
        """
        if weights.shape_weights.shape != (len(FEATURES),):
            raise ValueError(
                f"shape_weights has shape {weights.shape_weights.shape}, expected ({len(FEATURES)},)."
            )
        self.weights = weights
        numbers = weights.reads_numbers
        self._units = UnitSums(pieces, weights.root, weights.plain, reads_numbers=numbers)
        self._options = (
            None
            if weights.options is None
            else UnitSums(pieces, weights.options, None, reads_numbers=numbers)
        )
        self._shape: ShapeFold[float] = weights.shape.folded(weights.shape_weights.tolist())

    def __call__(self, shape: Shape) -> float:
        """Return the logit of a text."""
        units = units_of(self._words(shape), is_ascii=not shape.counts.non_ascii)
        total = self.weights.constant + self._units(units)
        if self._options is not None and shape.options is not None:
            total += self._options(units_of(option_words(shape)))
        return total + self._shape(shape.features)

    def parts(self, shape: Shape) -> tuple[dict[str, float], dict[str, float]]:
        """Return what each unit and what each feature adds to the logit; the constant is the rest."""
        units = self._units.parts(units_of(self._words(shape)))
        if self._options is not None and shape.options is not None:
            for unit, part in self._options.parts(units_of(option_words(shape))).items():
                units[unit] = units.get(unit, 0.0) + part
        standardised = self.weights.shape.standardised(shape.features)
        features = dict(zip(FEATURES, (standardised * self.weights.shape_weights).tolist(), strict=True))
        return units, {name: part for name, part in features.items() if part}

    def _words(self, shape: Shape) -> list[str]:
        words = " ".join(shape.words).lower().split()
        return words if self.weights.reads_numbers else window(words)


def option_words(shape: Shape) -> list[str]:
    """Return the words of a text's options, in lower case."""
    options = shape.options
    return [] if options is None else shape.text[options.start :].lower().split()


def _times(slope: float, weights: Weights) -> Weights:
    return (slope * weights.astype(np.float64)).astype(np.float16)
