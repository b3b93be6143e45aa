"""Drift: whether calls still resemble the prompts that the threshold was set on.

The last 200 and the last 1,000 scored calls are compared with what is expected: short enough to detect
a change within a few hundred calls, long enough to detect a small one. Drift that lasts is reported again,
each time after twice as many calls.
"""

from __future__ import annotations

import logging
import math
import warnings
from bisect import bisect_left
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from routellm_core.routing.decision import Decision
from routellm_core.routing.drift_windows import (
    BINS,
    LONG_WINDOW,
    SHORT_WINDOW,
    BackOff,
    ScoreWindow,
    ShareWindow,
)
from routellm_core.routing.panics import failure_of

_LOG = logging.getLogger("routellm")

DRIFT_CALLS = SHORT_WINDOW
"""Scored calls before the first comparison."""

LOOK = 50
"""Scored calls between two comparisons."""

DRIFT_TOLERANCE = 0.10
"""Tolerated difference of the share of strong calls, and of the score distribution, beyond chance."""

KINDS_TOLERANCE = 0.10
"""Tolerated share of prompts of kinds that the router does not know, beyond chance."""

TOKENS_TOLERANCE = 0.5
"""Share of answers without tokens above which it is reported."""

_CHANCE = 0.001
"""Largest probability that scores of the expected distribution are reported as drift at one comparison."""

_DEVIATIONS = 3.3
"""Standard deviations of a share that are attributed to chance."""


class ShareDriftWarning(UserWarning):
    """The realized share of strong calls is far from the requested one."""


class ScoreDriftWarning(UserWarning):
    """The scores are distributed differently from those of the calibration prompts."""


class MissingTokensWarning(UserWarning):
    """Many answers come without a token count, so costs are unknown."""


class UnknownKindsWarning(UserWarning):
    """Many prompts are of kinds that the router was not made for."""


OnDrift = Callable[[Warning], object]


@dataclass(frozen=True)
class ExpectedTraffic:
    """The expected shares and scores of the calls.

    Attributes:
        strong_share: share of strong calls, in [0, 1]; None if none is expected.
        threshold: its threshold: calls decided at another one are ignored; None for any.
        score_quantiles: evenly spaced from 0 to 1, ascending; empty where the distribution is unknown.
        calibrated: whether the quantiles are of the user's own prompts, so that differences are reported.
        knows: says of a prompt whether the router was made for its kind, or None; None if none is asked.
    """

    strong_share: float | None = None
    threshold: float | None = None
    score_quantiles: Sequence[float] = ()
    calibrated: bool = False
    knows: Callable[[str], bool | None] | None = None

    def known(self, text: str | None) -> bool | None:
        """Return whether a prompt is of a kind that the router was made for; None if unknown."""
        if self.knows is None or text is None:
            return None
        try:
            return self.knows(text)
        except BaseException as error:
            if failure_of(error) is None:
                raise
            return None  # a router that can't say so fails no call


class DriftWatch:
    """Compares the last calls with what is expected."""

    def __init__(self, expected: ExpectedTraffic) -> None:
        self.expected = expected
        last = len(expected.score_quantiles) - 1
        # Upper ends of the bins: the quantiles 1/20, 2/20, ...; scores above the last one are in none.
        parts = range(1, BINS + 1) if last >= 0 else ()
        self._edges = [expected.score_quantiles[round(last * part / BINS)] for part in parts]
        self._shares = tuple(ShareWindow(size) for size in (DRIFT_CALLS, LONG_WINDOW))
        self._scores = tuple(ScoreWindow(self._edges, size) for size in (DRIFT_CALLS, LONG_WINDOW))
        self._tokens = ShareWindow(DRIFT_CALLS)
        self._unknown = tuple(ShareWindow(size) for size in (DRIFT_CALLS, LONG_WINDOW))
        self._compared = self._binned = self._answers = self._kinds = 0
        self._share_told, self._scores_told, self._tokens_told = BackOff(), BackOff(), BackOff()
        self._kinds_told = BackOff()
        self._observed = 0
        self._waiting: list[tuple[float | None, float, bool, bool | None]] = []
        self._found: list[Warning] = []

    @property
    def score_shift(self) -> float | None:
        """Largest difference between cumulative shares of scores, traffic against expected, in [0, 1].

        That is the Kolmogorov-Smirnov distance of the last 1,000 scored calls over 20 bins; None before the
        first one, or if the expected distribution is unknown.
        """
        self._take_in()
        return self._scores[-1].shift() if self._edges and self._binned else None

    def observe(self, decision: Decision, strong: bool, known: bool | None = None) -> Sequence[Warning]:
        """Count one call that its score decided; return what to report.

        Args:
            decision: with the score.
            strong: whether it chose strong.
            known: whether the prompt is of a kind that the router was made for; None if unknown.
        """
        # Counted in the windows many at a time, so that a call pays for one list entry.
        self._waiting.append((decision.score, decision.threshold, strong, known))
        self._observed += 1
        if self._observed % LOOK:
            return ()
        self._take_in()
        found, self._found = self._found, []
        return found

    def _take_in(self) -> None:
        """Count the calls that wait for it."""
        expected, waiting = self.expected, self._waiting
        self._waiting = []
        for score, threshold, strong, known in waiting:
            if expected.strong_share is not None and expected.threshold in (None, threshold):
                self._compared += 1
                for share in self._shares:
                    share.add(strong)
                if self._compared >= DRIFT_CALLS and self._compared % LOOK == 0:
                    self._note(self._share_drift(expected.strong_share))
            if self._edges and score is not None:
                self._binned += 1
                part = bisect_left(self._edges, score)
                for scores in self._scores:
                    scores.add(part)
                if expected.calibrated and self._binned >= DRIFT_CALLS and self._binned % LOOK == 0:
                    self._note(self._score_drift())
            if known is not None:
                self._kinds += 1
                for unknown in self._unknown:
                    unknown.add(not known)
                if self._kinds >= DRIFT_CALLS and self._kinds % LOOK == 0:
                    self._note(self._kinds_drift())

    def _note(self, warning: Warning | None) -> None:
        if warning is not None:
            self._found.append(warning)

    def observe_tokens(self, known: bool) -> Sequence[Warning]:
        """Count one answer, with or without tokens; return what to report."""
        self._answers += 1
        self._tokens.add(not known)
        if self._answers < DRIFT_CALLS or self._answers % LOOK:
            return ()
        missing = self._tokens.share
        if not self._tokens_told.tells(self._answers, missing > TOKENS_TOLERANCE):
            return ()
        return (
            MissingTokensWarning(
                f"{missing:.0%} of the last {self._tokens.count} answers came without token counts: costs "
                "and savings are unknown. Request the counts if the provider offers them, with streams too "
                "(OpenAI: stream_usage=True in LangChain, additional_kwargs={'stream_options': "
                "{'include_usage': True}} in LlamaIndex)."
            ),
        )

    def _share_drift(self, asked: float) -> Warning | None:
        found: ShareWindow | None = None
        for share in self._shares:
            # Rounded: 0.4 - 0.3 is slightly more than 0.1 in floating point.
            if round(abs(share.share - asked) - _chance(asked, share.count), 9) > DRIFT_TOLERANCE:
                found = share
        if not self._share_told.tells(self._compared, found is not None) or found is None:
            return None
        return ShareDriftWarning(
            f"{found.share:.0%} of the last {found.count:,} scored calls went to strong, against a target "
            f"of {asked:.0%}: your prompts differ from those that the threshold was set on. Set it on "
            f"your own prompts with: routellm calibrate --prompts FILE --strong-share {asked:g} --out "
            "calibration.json"
        )

    def _kinds_drift(self) -> Warning | None:
        found: ShareWindow | None = None
        for unknown in self._unknown:
            if unknown.share > KINDS_TOLERANCE + _chance(KINDS_TOLERANCE, unknown.count):
                found = unknown
        if not self._kinds_told.tells(self._kinds, found is not None) or found is None:
            return None
        return UnknownKindsWarning(
            f"{found.share:.0%} of the last {found.count:,} scored prompts are of kinds that the router "
            "was not trained for, so their scores mean little: label some of them (routellm label "
            "--from-log LOG), and fit the router to them with routellm adapt."
        )

    def _score_drift(self) -> Warning | None:
        found: tuple[int, float] | None = None
        for scores in self._scores:
            # The difference expected by chance (Dvoretzky, Kiefer and Wolfowitz).
            chance = math.sqrt(math.log(2.0 / _CHANCE) / (2.0 * scores.count))
            shift = scores.shift()
            if shift > DRIFT_TOLERANCE + chance:
                found = scores.count, shift
        if not self._scores_told.tells(self._binned, found is not None) or found is None:
            return None
        count, shift = found
        return ScoreDriftWarning(
            f"the scores of the last {count:,} calls are distributed differently from those of the "
            f"calibration prompts (cumulative shares differ by up to {shift:.2f}): the calibration, "
            "including any guarantee, does not cover this traffic. Calibrate again on prompts like these: "
            "routellm calibrate --help"
        )


def _chance(share: float, count: int) -> float:
    """Return how far a share of so many calls may be from the true one by chance."""
    return _DEVIATIONS * math.sqrt(share * (1.0 - share) / count)


def tell(found: Sequence[Warning], hook: OnDrift | None = None) -> None:
    """Log what was found, warn about it, and call the hook; none of this fails the call.

    Python shows a warning once per place and text; the logger `routellm` has every one.
    """
    for warning in found:
        _LOG.warning(str(warning))
        try:
            warnings.warn(warning, stacklevel=4)
        except type(warning):
            pass  # With warnings as errors, the log record is enough.
        if hook is None:
            continue
        try:
            hook(warning)
        except Exception as error:
            _LOG.warning("on_drift failed with %s; the call goes on.", type(error).__name__)
