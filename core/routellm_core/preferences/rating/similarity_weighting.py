"""SimilarityWeighting: turns a prompt's similarity to the battles' prompts into the battles' weights."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from routellm_core.routing.validation import check_positive

LEAST_NEAREST = 0.25
"""Floor on a prompt's nearest similarity: dividing by a smaller cosine would give its few battles more weight
than all others together, or, below 0, reverse the order."""


@dataclass(frozen=True)
class SimilarityWeighting:
    """ω' = γ^(1 + S(q, q')), the weight of a battle on prompt q' when q is scored (paper, section 4).

    Attributes:
        gamma: γ, above 1; 10 in the published code.
        scaling: "paper": S = cos(q, q') / max_s cos(q', s), s over the other distinct battle prompts (among
            them, q' itself would make it 1), and `LEAST_NEAREST` at least.
            "published": S = cos(q, q') / max_s cos(q, s), as in the published code: the most similar
            prompt has S = 1, whether it is similar or not.
        same_tier: "exact": a battle of two models of one tier says nothing about the tiers and is
            ignored. "published": as in the published code, see `SimilarityWeightedRouter`.
        penalty: λ of (λ/2)·Σξ² over tiers, above 0, in units of weight: an unrelated battle weighs γ, one on
            the same prompt γ². It keeps the strength of a tier that never won finite.
    """

    gamma: float = 10.0
    scaling: Literal["paper", "published"] = "paper"
    same_tier: Literal["exact", "published"] = "exact"
    penalty: float = 1.0

    def __post_init__(self) -> None:
        # γ is raised to its fifth power and summed over battles, which must not overflow.
        for name, least, most in (("gamma", 1.0, 1e9), ("penalty", 0.0, 1e300)):
            check_positive(getattr(self, name), name, above=least, at_most=most)
        for name, choices in (("scaling", ("paper", "published")), ("same_tier", ("exact", "published"))):
            if getattr(self, name) not in choices:
                raise ValueError(f"{name} is {getattr(self, name)!r}, expected one of {list(choices)}.")

    def weights(
        self, cosines: npt.NDArray[np.float32], nearest: npt.NDArray[np.float32] | None
    ) -> npt.NDArray[np.float64]:
        """Return the weights of P prompts for each of n queries, shape (n, P).

        Args:
            cosines: of queries and prompts, shape (n, P).
            nearest: shape (P,), each prompt's cosine with its most similar other, for the paper's scaling.

        Raises:
            ValueError: the paper's scaling without `nearest`.
        """
        exact = cosines.astype(np.float64)
        if self.scaling == "paper":
            if nearest is None:
                raise ValueError("the paper's scaling needs nearest, a cosine for each prompt.")
            similarity = exact / np.maximum(nearest.astype(np.float64), LEAST_NEAREST)
        else:
            greatest = exact.max(axis=1, keepdims=True)  # (n, 1)
            # A query similar to no prompt, or opposed to all, weighs them equally.
            similarity = np.divide(exact, greatest, out=np.zeros_like(exact), where=greatest > 0.0)
        similarity += 1.0
        similarity *= math.log(self.gamma)
        return np.asarray(np.exp(similarity, out=similarity))


PUBLISHED = SimilarityWeighting(scaling="published", same_tier="published", penalty=1e-6)
"""The setting of the published thresholds. The published fit has no penalty; this one is negligible."""
