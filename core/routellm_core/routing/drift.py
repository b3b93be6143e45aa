"""Drift: whether the calls look like the prompts that the threshold was set on."""

from __future__ import annotations

import logging
import math
import warnings
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass

from routellm_core.routing.decision import Decision

_LOG = logging.getLogger(__name__)

DRIFT_CALLS = 200
"""Scored calls before anything is compared; scores are compared again after each so many."""

DRIFT_TOLERANCE = 0.10
"""Of the share of strong calls, and of the distribution of scores beyond what chance explains."""

_CHANCE = 0.001
"""Probability that scores of the calibrated distribution are called drifted at one comparison, at most."""

_BINS = 20


class ShareDriftWarning(UserWarning):
    """The realised share of strong calls is far from the one that was asked for."""


class ScoreDriftWarning(UserWarning):
    """The scores are distributed otherwise than those of the calibration prompts."""


@dataclass(frozen=True)
class ExpectedTraffic:
    """What the calls are expected to look like.

    Attributes:
        strong_share: share of strong calls, in [0, 1]; None where none is expected.
        threshold: the one it belongs to: calls decided by another one say nothing about it; None for any.
        score_quantiles: evenly spaced from 0 to 1, ascending; empty where the distribution is unknown.
        calibrated: whether the quantiles are those of the user's own prompts, so that other scores are news.
    """

    strong_share: float | None = None
    threshold: float | None = None
    score_quantiles: Sequence[float] = ()
    calibrated: bool = False


class DriftWatch:
    """Compares the scored calls with what is expected; each of its two warnings comes once."""

    def __init__(self, expected: ExpectedTraffic) -> None:
        self.expected = expected
        self._compared = 0
        self._compared_strong = 0
        last = len(expected.score_quantiles) - 1
        # Upper ends of the bins: the quantiles 1/20, 2/20, ...; scores above the last one are in none.
        self._edges = (
            [expected.score_quantiles[round(last * part / _BINS)] for part in range(1, _BINS + 1)]
            if last >= 0
            else []
        )
        self._bins = [0] * (_BINS + 1)
        self._binned = 0
        self._warned_share = self._warned_scores = False

    @property
    def score_shift(self) -> float | None:
        """Largest difference between cumulative shares of scores, traffic against expected, in [0, 1].

        That is the Kolmogorov-Smirnov distance over 20 bins; None before the first scored call, or where
        the expected distribution is unknown.
        """
        if not self._binned:
            return None
        shift, below = 0.0, 0
        for part, edge in enumerate(self._edges):
            below += self._bins[part]
            # equal edges are one: their share is the last one's
            if part + 1 == len(self._edges) or self._edges[part + 1] > edge:
                shift = max(shift, abs(below / self._binned - (part + 1) / _BINS))
        # what lies above all edges is expected nowhere: it is in the last difference
        return shift

    def observe(self, decision: Decision, strong: bool) -> Sequence[Warning]:
        """Count one call that its score decided, for strong or not; return what there is to warn of."""
        expected = self.expected
        if expected.threshold is None or decision.threshold == expected.threshold:
            self._compared += 1
            self._compared_strong += strong
        if self._edges and decision.score is not None:
            self._bins[bisect_left(self._edges, decision.score)] += 1
            self._binned += 1
        found: list[Warning | None] = []
        if not self._warned_share and self._compared >= DRIFT_CALLS and expected.strong_share is not None:
            found.append(self._share_drift(expected.strong_share))
        if not self._warned_scores and self._binned and self._binned % DRIFT_CALLS == 0:
            found.append(self._score_drift())
        return [warning for warning in found if warning is not None] if found else ()

    def _share_drift(self, asked: float) -> Warning | None:
        share = self._compared_strong / self._compared
        # Rounded: 0.4 - 0.3 is a little more than 0.1 to a computer.
        if round(abs(share - asked), 9) <= DRIFT_TOLERANCE:
            return None
        self._warned_share = True
        return ShareDriftWarning(
            f"{share:.0%} of the scored calls went to strong, {asked:.0%} were asked for: your "
            "prompts differ from those that the threshold was set on. Set it on your own prompts with: "
            f"routellm calibrate --prompts FILE --strong-share {asked:g} --out calibration.json"
        )

    def _score_drift(self) -> Warning | None:
        count = self._binned
        if not self.expected.calibrated:
            return None
        # How far apart they get by chance (Dvoretzky, Kiefer and Wolfowitz).
        chance = math.sqrt(math.log(2.0 / _CHANCE) / (2.0 * count))
        shift = self.score_shift
        if shift is None or shift <= DRIFT_TOLERANCE + chance:
            return None
        self._warned_scores = True
        return ScoreDriftWarning(
            f"the scores of {count} calls are distributed otherwise than those of the calibration prompts "
            f"(cumulative shares differ by up to {shift:.2f}): the calibration, a guarantee included, does "
            "not speak of this traffic. Calibrate again on prompts like these: routellm calibrate --help"
        )


def warn_of(found: Sequence[Warning]) -> None:
    """Emit warnings; where warnings are errors they are logged instead: counting must not fail a call."""
    for warning in found:
        try:
            warnings.warn(warning, stacklevel=3)
        except type(warning):
            _LOG.warning(str(warning))
