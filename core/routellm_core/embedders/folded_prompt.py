"""FoldedPrompt: a prompt's embedding projected on one direction, all that a fixed pair's score needs.

Differs from `prompt.py` in that it never makes the embedding: a few look-ups, one small product and plain
numbers, since between two calls of a model nothing is left in the processor's caches.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from routellm_core.embedders.static import StaticEmbedder
from routellm_core.embedders.surface import SurfaceFeatures, asks_for_answer_at_once


@dataclass(frozen=True, slots=True)
class Fold:
    """One direction, taken apart.

    Attributes:
        words: shape (d,): for the static embedding.
        centre: the centre's own projection, to be taken off where the text has known tokens.
        features: one weight per surface feature.
    """

    words: npt.NDArray[np.float32]
    centre: float
    features: tuple[float, ...]

    @classmethod
    def from_direction(
        cls, direction: npt.NDArray[np.float64], centre: npt.NDArray[np.float64], surface_weight: float
    ) -> Fold:
        """Take apart a direction of shape (d + k,)."""
        words, features = direction[: len(centre)], direction[len(centre) :]
        # float32: as the token sum is, and far finer than the table's eight bits.
        single = words.astype(np.float32)
        return cls(single, float(centre @ words), tuple((surface_weight * features).tolist()))


@dataclass(frozen=True, slots=True)
class FoldedPrompt:
    """text -> PromptEmbedder.embed([text])[0] · direction.

    Attributes:
        static: gives the token sum.
        surface: gives the features.
        plain: the direction for an ordinary text.
        cued: the direction for a text that ends with "Answer:", with the gated copy folded in.
    """

    static: StaticEmbedder
    surface: SurfaceFeatures
    plain: Fold
    cued: Fold

    def __call__(self, text: str) -> float:
        """Return the projection of one text's embedding."""
        fold = self.cued if asks_for_answer_at_once(text) else self.plain
        projected = self.static.along(text, fold.words)
        words = 0.0 if projected is None else projected - fold.centre
        return words + self.surface.along(text, fold.features)
