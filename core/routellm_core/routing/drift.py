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
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from routellm_core.routing.decision import Decision

_LOG = logging.getLogger("routellm")

DRIFT_CALLS = 200
"""Scored calls before the first comparison, and in the short window."""

LONG_WINDOW = 1_000
"""Scored calls in the long window."""

LOOK = 50
"""Calls between two comparisons."""

DRIFT_TOLERANCE = 0.10
"""Tolerated difference of the share of strong calls, and of the score distribution, beyond chance."""

TOKENS_TOLERANCE = 0.5
"""Share of answers without tokens above which it is reported."""

LONGEST_WAIT = 100_000
"""Most calls between reports of lasting drift."""

_CHANCE = 0.001
"""Largest probability that scores of the expected distribution are reported as drift at one comparison."""

_DEVIATIONS = 3.3
"""Standard deviations of a share that are attributed to chance."""

_BINS = 20


class ShareDriftWarning(UserWarning):
    """The realized share of strong calls is far from the requested one."""


class ScoreDriftWarning(UserWarning):
    """The scores are distributed differently from those of the calibration prompts."""


class MissingTokensWarning(UserWarning):
    """Many answers come without a token count, so costs are unknown."""


OnDrift = Callable[[Warning], object]


@dataclass(frozen=True)
class ExpectedTraffic:
    """The expected shares and scores of the calls.

    Attributes:
        strong_share: share of strong calls, in [0, 1]; None if none is expected.
        threshold: its threshold: calls decided at another one are ignored; None for any.
        score_quantiles: evenly spaced from 0 to 1, ascending; empty where the distribution is unknown.
        calibrated: whether the quantiles are of the user's own prompts, so that differences are reported.
    """

    strong_share: float | None = None
    threshold: float | None = None
    score_quantiles: Sequence[float] = ()
    calibrated: bool = False


class DriftWatch:
    """Compares the last calls with what is expected."""

    def __init__(self, expected: ExpectedTraffic) -> None:
        self.expected = expected
        last = len(expected.score_quantiles) - 1
        # Upper ends of the bins: the quantiles 1/20, 2/20, ...; scores above the last one are in none.
        parts = range(1, _BINS + 1) if last >= 0 else ()
        self._edges = [expected.score_quantiles[round(last * part / _BINS)] for part in parts]
        self._shares = tuple(_Share(size) for size in (DRIFT_CALLS, LONG_WINDOW))
        self._scores = tuple(_Scores(self._edges, size) for size in (DRIFT_CALLS, LONG_WINDOW))
        self._tokens = _Share(DRIFT_CALLS)
        self._compared = self._binned = self._answers = 0
        self._share_told, self._scores_told, self._tokens_told = _BackOff(), _BackOff(), _BackOff()

    @property
    def score_shift(self) -> float | None:
        """Largest difference between cumulative shares of scores, traffic against expected, in [0, 1].

        That is the Kolmogorov-Smirnov distance of the last 1,000 scored calls over 20 bins; None before the
        first one, or if the expected distribution is unknown.
        """
        return self._scores[-1].shift() if self._edges and self._binned else None

    def observe(self, decision: Decision, strong: bool) -> Sequence[Warning]:
        """Count one call that its score decided, for strong or not; return what to report."""
        expected, found = self.expected, []
        if expected.strong_share is not None and expected.threshold in (None, decision.threshold):
            self._compared += 1
            for share in self._shares:
                share.add(strong)
            if self._compared >= DRIFT_CALLS and self._compared % LOOK == 0:
                found.append(self._share_drift(expected.strong_share))
        if self._edges and decision.score is not None:
            self._binned += 1
            part = bisect_left(self._edges, decision.score)
            for scores in self._scores:
                scores.add(part)
            if expected.calibrated and self._binned >= DRIFT_CALLS and self._binned % LOOK == 0:
                found.append(self._score_drift())
        return [warning for warning in found if warning is not None]

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
                f"{missing:.0%} of the last {self._tokens.count} answers came without a count of their "
                "tokens: costs and savings are not known. Ask for it where the provider gives it, with "
                "streams too (OpenAI: stream_usage=True in LangChain, additional_kwargs={'stream_options': "
                "{'include_usage': True}} in LlamaIndex)."
            ),
        )

    def _share_drift(self, asked: float) -> Warning | None:
        found: _Share | None = None
        for share in self._shares:
            chance = _DEVIATIONS * math.sqrt(asked * (1.0 - asked) / share.count)
            # Rounded: 0.4 - 0.3 is slightly more than 0.1 in floating point.
            if round(abs(share.share - asked) - chance, 9) > DRIFT_TOLERANCE:
                found = share
        if not self._share_told.tells(self._compared, found is not None) or found is None:
            return None
        return ShareDriftWarning(
            f"{found.share:.0%} of the last {found.count:,} scored calls went to strong, {asked:.0%} were "
            "asked for: your prompts differ from those that the threshold was set on. Set it on your own "
            f"prompts with: routellm calibrate --prompts FILE --strong-share {asked:g} --out calibration.json"
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
            f"the scores of the last {count:,} calls are distributed otherwise than those of the calibration "
            f"prompts (cumulative shares differ by up to {shift:.2f}): the calibration, a guarantee "
            "included, does not speak of this traffic. Calibrate again on prompts like these: "
            "routellm calibrate --help"
        )


class _Share:
    """How often something was true among the last calls."""

    def __init__(self, size: int) -> None:
        self._last: deque[bool] = deque(maxlen=size)
        self._hits = 0

    @property
    def count(self) -> int:
        return len(self._last)

    @property
    def share(self) -> float:
        return self._hits / len(self._last)

    def add(self, hit: bool) -> None:
        if len(self._last) == self._last.maxlen:
            self._hits -= self._last[0]
        self._last.append(hit)
        self._hits += hit


class _Scores:
    """The bins of the last scores."""

    def __init__(self, edges: list[float], size: int) -> None:
        self._edges = edges
        self._last: deque[int] = deque(maxlen=size)
        self._bins = [0] * (_BINS + 1)

    @property
    def count(self) -> int:
        return len(self._last)

    def add(self, part: int) -> None:
        if len(self._last) == self._last.maxlen:
            self._bins[self._last[0]] -= 1
        self._last.append(part)
        self._bins[part] += 1

    def shift(self) -> float:
        shift, below = 0.0, 0
        for part, edge in enumerate(self._edges):
            below += self._bins[part]
            # equal edges are one: their share is the last one's
            if part + 1 == len(self._edges) or self._edges[part + 1] > edge:
                shift = max(shift, abs(below / self.count - (part + 1) / _BINS))
        # scores above all edges are in no bin: they show in the last difference
        return shift


class _BackOff:
    """When something that lasts is reported again: after 1,000 calls, then after twice as many each time."""

    def __init__(self) -> None:
        self._wait = LONG_WINDOW
        self._next = 0
        self._gone_since: int | None = None

    def tells(self, now: int, found: bool) -> bool:
        """Return whether to report at this count of calls."""
        if not found:
            self._gone_since = now if self._gone_since is None else self._gone_since
            if now - self._gone_since >= LONG_WINDOW:
                self._wait, self._next = LONG_WINDOW, now
            return False
        self._gone_since = None
        if now < self._next:
            return False
        self._next = now + self._wait
        self._wait = min(2 * self._wait, LONGEST_WAIT)
        return True


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
