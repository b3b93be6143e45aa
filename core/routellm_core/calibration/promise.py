"""Promise: whether routed answers still lose no more quality than the calibration said.

Loss is strong's quality less weak's on a call that went to weak, and 0 on a call that went to strong. Both
the mean loss on weak calls and their share are bounded by confidence sequences, so the verdict may be
requested as often as you like, with all samples so far.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from routellm_core.calibration.confidence_sequence import Interval, mean_interval, share_interval
from routellm_core.logits import Floats
from routellm_core.routing.validation import check_positive

Verdict = Literal["kept", "broken", "open"]

FOR_THE_SHARE = 0.1
"""Part of the error probability spent on the share of weak calls."""

MOST_GRADES = 200_000
"""Upper limit of the search for how many grades are needed."""


@dataclass(frozen=True)
class Promise:
    """What the grades say about a promised maximum loss.

    Attributes:
        max_loss: the most that a call may lose on average, in points of the grader; None if nothing is
            promised.
        confidence: probability that both intervals hold at every evaluation, such as 0.9.
        graded: weak calls with both qualities.
        weak_calls: calls that the score sent to weak.
        calls: calls that the score decided.
        loss: mean loss of the graded weak calls.
        on_weak: interval for the mean loss of weak calls.
        on_all: interval for the mean loss of all these calls.
        verdict: "kept" if all of `on_all` is at most max_loss, "broken" if none of it is, else "open".
        needed: about how many grades like these would decide; None if the verdict is not open, nothing was
            graded, or it takes more than `MOST_GRADES`.
    """

    max_loss: float | None
    confidence: float
    graded: int
    weak_calls: int
    calls: int
    loss: float | None
    on_weak: Interval
    on_all: Interval
    verdict: Verdict | None
    needed: int | None = None


def check_promise(
    weak: Floats,
    strong: Floats,
    weak_calls: int,
    calls: int,
    *,
    max_loss: float | None,
    confidence: float = 0.9,
    scale: tuple[float, float] = (0.0, 1.0),
) -> Promise:
    """Weigh the grades of a uniform sample of weak calls against the promise.

    Args:
        weak: shape (n,), weak's qualities in the order the calls were drawn in, earlier checks first.
        strong: shape (n,), strong's.
        weak_calls: calls that the score sent to weak, sampled or not.
        calls: calls that the score decided.
        max_loss: what was promised.
        confidence: in (0, 1).
        scale: the lowest and the highest quality that the grader can give.

    Raises:
        ValueError: a quality is outside the scale, the confidence is invalid, or there are no calls.
    """
    check_positive(confidence, "confidence", below=1.0)
    if weak_calls > calls or calls < 1:
        raise ValueError(f"{weak_calls} of {calls} calls went to weak: there is nothing to check.")
    low, high = scale
    for name, values in (("weak", weak), ("strong", strong)):
        outside = values[~((values >= low) & (values <= high))]
        if outside.size:
            raise ValueError(
                f"a quality of the {name} model is {outside[0]:g}, outside the grader's scale of {low:g} to "
                f"{high:g}: give its lowest and highest quality (--scale LOW HIGH)."
            )
    losses = strong - weak
    alpha = 1.0 - confidence
    share = share_interval(weak_calls, calls, FOR_THE_SHARE * alpha)
    width = high - low
    on_weak = mean_interval(losses, -width, width, (1.0 - FOR_THE_SHARE) * alpha)
    on_all = share.times(on_weak)
    verdict = _verdict(on_all, max_loss)
    needed = None
    if verdict == "open" and max_loss is not None and len(losses):
        needed = _needed(losses, share, width, (1.0 - FOR_THE_SHARE) * alpha, max_loss)
    mean = float(losses.mean()) if len(losses) else None
    return Promise(
        max_loss, confidence, len(losses), weak_calls, calls, mean, on_weak, on_all, verdict, needed
    )


def _verdict(on_all: Interval, max_loss: float | None) -> Verdict | None:
    if max_loss is None:
        return None
    if on_all.low > max_loss:
        return "broken"
    return "kept" if on_all.high <= max_loss else "open"


def _needed(losses: Floats, share: Interval, width: float, alpha: float, max_loss: float) -> int | None:
    """Return how many losses like these settle the verdict, to within 30 %."""
    count = len(losses)
    while count < MOST_GRADES:
        count = int(count * 1.3) + 1
        on_all = share.times(mean_interval(np.resize(losses, count), -width, width, alpha))
        if _verdict(on_all, max_loss) != "open":
            return count
    return None
