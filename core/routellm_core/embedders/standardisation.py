"""Standardisation: features on one scale, (raw - centre) / spread, cut where a freak text begins."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from routellm_core.logits import Floats

CLIP = 3.0
"""Standard deviations beyond which a feature is cut: a freak text gets an extreme but bounded score."""


class Standardisation:
    """The mean and the standard deviation of each feature.

    Attributes:
        centre: shape (d,).
        spread: shape (d,), above 0.
    """

    def __init__(self, centre: Floats, spread: Floats, features: int) -> None:
        """Store them.

        Raises:
            ValueError: a shape is not (features,), or a spread is not above 0.
        """
        for name, values in (("centre", centre), ("spread", spread)):
            if values.shape != (features,):
                raise ValueError(f"{name} has shape {values.shape}, expected ({features},).")
        if not (spread > 0).all():
            raise ValueError("spread holds a value that is not above 0.")
        self.centre = centre.astype(np.float64)
        self.spread = spread.astype(np.float64)

    @property
    def dimension(self) -> int:
        """The number of features."""
        return len(self.centre)

    def standardised(self, raw: Sequence[float] | Floats) -> Floats:
        """Standardise what was measured of one text or of n, whose shape it keeps."""
        standardised: Floats = np.clip((np.asarray(raw) - self.centre) / self.spread, -CLIP, CLIP)
        return standardised


def scale_of(raw: Floats) -> tuple[Floats, Floats]:
    """Return centre and spread of n texts, shape (n, d); a feature that never varies has a spread of 1."""
    spread = raw.std(axis=0)
    return raw.mean(axis=0), np.where(spread > 1e-9, spread, 1.0)
