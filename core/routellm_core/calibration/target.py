"""QualityTarget: a quality requirement on routed answers, as a mean over prompts that must be at least 0."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from routellm_core.logits import Floats
from routellm_core.routing.validation import check_positive

Kind = Literal["max_loss", "quality", "gap"]


@dataclass(frozen=True)
class QualityTarget:
    """The quality to keep, where r is the routed answer's quality, w weak's and s strong's.

    Attributes:
        kind: "max_loss": mean r >= mean s − value, in points of the grader;
            "quality": mean r >= value · mean s;
            "gap": mean r >= mean w + value · (mean s − mean w).
        value: in (0, 1) for "quality" and "gap", above 0 for "max_loss".
    """

    kind: Kind
    value: float

    def __post_init__(self) -> None:
        check_positive(self.value, self.kind, below=math.inf if self.kind == "max_loss" else 1.0)

    def values(self, answered: Floats, weak: Floats, strong: Floats) -> Floats:
        """Return the values whose mean must be at least 0, shape (n,), where `answered` is given."""
        if self.kind == "max_loss":
            return answered - strong + self.value
        if self.kind == "quality":
            return answered - self.value * strong
        return answered - weak - self.value * (strong - weak)

    def lowest(self, scale: tuple[float, float]) -> float:
        """Return a lower bound of the values for qualities within `scale`; always below 0."""
        low, high = scale
        if self.kind == "max_loss":
            return min(self.value - (high - low), -1e-9)
        if self.kind == "quality":
            return low - self.value * high
        return -max(self.value, 1.0 - self.value) * (high - low)

    def promise(self, weak: str, strong: str) -> str:
        """Return the lower bound on mean quality, in words."""
        if self.kind == "max_loss":
            return f"that of {strong} alone minus {self.value:g} points"
        if self.kind == "quality":
            return f"{self.value:g} times that of {strong} alone"
        return f"that of {weak} alone plus {self.value:g} of the gap to {strong} alone"
