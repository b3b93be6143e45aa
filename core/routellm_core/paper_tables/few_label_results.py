"""FewLabels: what an adapted router reaches with a given number of labels, and how often it does harm."""

from __future__ import annotations

from dataclasses import dataclass

HARM = 0.01
"""How far below the base router an adapted one may be before it counts as harm."""

CHANCE = 0.49
"""What an adapted router should not fall below where the base router is at chance."""


@dataclass(frozen=True)
class FewLabels:
    """One group of sources at one number of labels.

    Attributes:
        group: see `LabelledSource.group`.
        labels: how many were drawn.
        draws: over how many draws the figures are means.
        adapted: APGR of the adapted router.
        error: standard error of that mean over draws.
        base: APGR of the router it was made from, on the same prompts.
        length: APGR of prompt length.
        harm: share of draws more than `HARM` below the base router.
        below: share of draws below `CHANCE`.
    """

    group: str
    labels: int
    draws: int
    adapted: float
    error: float
    base: float
    length: float
    harm: float
    below: float
