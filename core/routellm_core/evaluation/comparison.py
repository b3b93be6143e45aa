"""Comparison: APGRs of several orders of the same prompts, and their differences, over the same draws.

Two overlapping intervals say little about a difference, so both orders are evaluated on each draw of the
prompts: a hard draw is then hard for both.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from routellm_core.evaluation.bootstrap import Interval
from routellm_core.logits import Floats

RESAMPLES = 1000


@dataclass(frozen=True)
class Difference:
    """How much one order's APGR is above another's.

    Attributes:
        better: name of the order that comes first in the difference.
        than: name of the other order.
        value: APGR of the first less APGR of the second.
        interval: 95 % over draws of the prompts.
    """

    better: str
    than: str
    value: float
    interval: Interval

    @property
    def sentence(self) -> str:
        """The verdict, such as "march is better than default by 0.031 (0.012 to 0.050)"."""
        low, high = self.interval
        if low > 0.0:
            return f"{self.better} is better than {self.than} by {self.value:.3f} ({low:.3f} to {high:.3f})"
        if high < 0.0:
            return f"{self.better} is worse than {self.than} by {-self.value:.3f} ({-high:.3f} to {-low:.3f})"
        return (
            f"{self.better} and {self.than} do not differ measurably here: {self.value:+.3f} "
            f"({low:+.3f} to {high:+.3f})"
        )

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        return {**vars(self), "interval": list(self.interval), "sentence": self.sentence}


@dataclass(frozen=True, eq=False)
class Comparison:
    """Several orders on the same prompts.

    Attributes:
        apgr: name -> exact APGR.
        draws: name -> APGR on each draw of the prompts, shape (draws,), the same draws for all.
    """

    apgr: Mapping[str, float]
    draws: Mapping[str, Floats]

    def interval(self, name: str) -> Interval:
        """Return the 95 % interval of one order's APGR."""
        return _interval(self.draws[name])

    def difference(self, name: str, other: str) -> Difference:
        """Return how much one order is above another."""
        value = self.apgr[name] - self.apgr[other]
        return Difference(name, other, value, _interval(self.draws[name] - self.draws[other]))


def compare_orders(orders: Mapping[str, Floats], gain: Floats, *, seed: int = 0) -> Comparison:
    """Measure several orders of n prompts.

    Args:
        orders: name -> scores, shape (n,), higher means strong.
        gain: shape (n,), what strong gains on each prompt, with a mean above 0.
        seed: of the draws; draws in which strong is not better have no APGR and are left out.

    Raises:
        ValueError: the mean gain is not above 0.
    """
    if gain.mean() <= 1e-12:
        raise ValueError(f"the strong model's mean gain is {gain.mean():.4g}: there is no gap to recover.")
    groups = {name: np.unique(-scores, return_inverse=True)[1] for name, scores in orders.items()}
    everything = np.arange(len(gain))
    apgr = {name: _area(group, everything, gain) for name, group in groups.items()}
    rng = np.random.default_rng(seed)
    draws: dict[str, list[float]] = {name: [] for name in orders}
    for _ in range(RESAMPLES):
        drawn = rng.integers(len(gain), size=len(gain))
        if gain[drawn].sum() > 1e-12:
            for name, group in groups.items():
                draws[name].append(_area(group, drawn, gain))
    return Comparison(apgr, {name: np.array(areas) for name, areas in draws.items()})


def _area(group: npt.NDArray[np.intp], drawn: npt.NDArray[np.intp], gain: Floats) -> float:
    # A prompt's gain counts from the middle of its group's step on: the area under the steps' corners.
    sizes = np.bincount(group[drawn])
    gained = np.bincount(group[drawn], gain[drawn])
    middle = 1.0 - (np.cumsum(sizes) - 0.5 * sizes) / len(drawn)
    return float(gained @ middle / gained.sum())


def _interval(values: Floats) -> Interval:
    low, high = np.quantile(values, [0.025, 0.975]).tolist()
    return low, high
