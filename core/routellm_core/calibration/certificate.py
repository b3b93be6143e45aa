"""Certificate: the cheapest threshold that keeps a quality target, with a guarantee over the draw of labels.

Thresholds are tested in turn from "all to strong" downward, and the first failure ends the search
(fixed-sequence testing; Angelopoulos et al., "Learn then Test", 2021). A threshold that misses the target is
certified only if a test rejects a true null hypothesis, with probability at most 1 − confidence. Between two
neighboring scores of the labels their outcome is the same, so the sequence of the labels' own scores serves
as well as one fixed beforehand.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from routellm_core.calibration.betting import rejects
from routellm_core.calibration.share import above, checked_scores
from routellm_core.calibration.target import QualityTarget
from routellm_core.logits import Floats
from routellm_core.routing.threshold import goes_to_strong
from routellm_core.routing.validation import check_positive

MOST_LABELS = 1_000_000
"""Upper limit of the search for how many labels a target needs."""

STEPS = 100
"""Thresholds tried when a share is estimated rather than certified."""


@dataclass(frozen=True)
class Certificate:
    """The cheapest certified threshold.

    Attributes:
        target: the quality target it keeps.
        confidence: probability over the draw of the labels, such as 0.9.
        threshold: in [0, 1]; 0 sends everything to strong.
        prompts: number of labelled prompts behind it.
        strong_share: share of them that go to strong.
        routed_quality: their mean quality at the threshold.
        weak_quality: the mean quality of always weak.
        strong_quality: of always strong.
        weak_is_enough: whether even always weak is certified.
        labels_needed: about how many labels like these it takes to certify anything.
    """

    target: QualityTarget
    confidence: float
    threshold: float
    prompts: int
    strong_share: float
    routed_quality: float
    weak_quality: float
    strong_quality: float
    weak_is_enough: bool
    labels_needed: int

    def statement(self, weak: str, strong: str) -> str:
        """Return what is guaranteed and what is not, as a sentence."""
        return (
            f"With probability at least {self.confidence:.0%} over the draw of these {self.prompts:,} "
            "labelled prompts, mean quality by this grader on new prompts from the same source is at least "
            f"{self.target.promise(weak, strong)}; this says nothing about a single prompt, other "
            "traffic, or a different router or model version."
        )


def certify(
    scores: Floats,
    weak: Floats,
    strong: Floats,
    target: QualityTarget,
    *,
    confidence: float = 0.9,
    scale: tuple[float, float] = (0.0, 1.0),
    steps: int | None = None,
) -> Certificate:
    """Return the cheapest threshold that keeps the target with the given confidence.

    Args:
        scores: shape (n,), of labels that neither trained nor selected the router, one per distinct prompt,
            in an order that has nothing to do with the qualities, such as by a hash of the prompt: bets are
            made one after the other, and rows sorted by outcome would void the guarantee.
        weak: shape (n,), quality of the weak model's answers, within `scale`.
        strong: shape (n,), quality of the strong model's answers, within `scale`.
        target: the quality to keep.
        confidence: in (0, 1).
        scale: the lowest and the highest quality that the grader can give.
        steps: test about this many thresholds instead of all: faster, but an estimate without guarantee.

    Raises:
        ValueError: shapes or values are not as described, all scores are equal, the strong
            model is no better than the weak one and the target needs it to be, or there are fewer labels than
            even the first step needs; the message says how many.
    """
    checked = checked_scores(scores)
    _check_labels(checked, weak, strong, target, confidence, scale)
    lowest = target.lowest(scale)
    values = target.values(strong, weak, strong)  # (n,), all to strong
    labels_needed = _labels_needed(values, lowest, 1.0 - confidence)
    if labels_needed > len(checked):
        raise ValueError(
            f"{len(checked)} labels are fewer than needed: at {confidence:.0%} confidence {target.kind} "
            f"{target.value:g} takes about {labels_needed:,} labels like these before any prompt can go "
            "to weak. Label more prompts, or ask for less."
        )
    moved = target.values(weak, weak, strong)  # (n,), all to weak
    order = np.argsort(checked, kind="stable")
    ends = np.nonzero(np.append(np.diff(checked[order]) > 0.0, True))[0] + 1  # (k,): equal scores go together
    certified = begin = 0
    every = max(1, len(ends) // steps) if steps else 1
    for end in ends[every - 1 :: every].tolist():
        values[order[begin:end]] = moved[order[begin:end]]
        if not rejects(values, lowest, 1.0 - confidence):
            break
        certified, begin = end, end
    answered = strong.copy()
    answered[order[:certified]] = weak[order[:certified]]
    return Certificate(
        target=target,
        confidence=confidence,
        threshold=_threshold(checked[order], certified),
        prompts=len(checked),
        strong_share=1.0 - certified / len(checked),
        routed_quality=float(answered.mean()),
        weak_quality=float(weak.mean()),
        strong_quality=float(strong.mean()),
        weak_is_enough=certified == len(checked),
        labels_needed=labels_needed,
    )


def certifiable_share(
    scores: Floats,
    weak: Floats,
    strong: Floats,
    target: QualityTarget,
    labels: int,
    *,
    confidence: float = 0.9,
    scale: tuple[float, float] = (0.0, 1.0),
    draws: int = 50,
    seed: int = 0,
) -> float:
    """Return the median share of strong calls that `labels` such labels would certify.

    They are drawn with replacement. A draw that certifies nothing counts as 1.

    Args:
        scores: shape (n,).
        weak: shape (n,).
        strong: shape (n,).
        target: as in `certify`.
        labels: how many are drawn.
        confidence: as in `certify`.
        scale: as in `certify`.
        draws: number of draws.
        seed: of the draws.
    """
    rng = np.random.default_rng(seed)
    shares = []
    for _ in range(draws):
        drawn = rng.integers(len(scores), size=labels)
        try:
            found = certify(
                scores[drawn],
                weak[drawn],
                strong[drawn],
                target,
                confidence=confidence,
                scale=scale,
                steps=STEPS,
            )
        except ValueError:
            shares.append(1.0)
        else:
            shares.append(float(goes_to_strong(scores, found.threshold).mean()))
    return float(np.median(shares))


def _threshold(ascending: Floats, certified: int) -> float:
    if certified == 0:
        return 0.0
    return float(ascending[certified]) if certified < len(ascending) else above(float(ascending[-1]))


def _labels_needed(values: Floats, lowest: float, alpha: float) -> int:
    """Return about how many values like these, repeated as needed, refute a mean of 0."""
    low, high = 0, 1
    while not rejects(np.resize(values, high), lowest, alpha):
        low, high = high, 2 * high
        if high > MOST_LABELS:
            return MOST_LABELS
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if rejects(np.resize(values, middle), lowest, alpha) else (middle, high)
    return high


def _check_labels(
    scores: Floats,
    weak: Floats,
    strong: Floats,
    target: QualityTarget,
    confidence: float,
    scale: tuple[float, float],
) -> None:
    check_positive(confidence, "confidence", below=1.0)
    low, high = scale
    if not -math.inf < low < high < math.inf:
        raise ValueError(f"scale is {low:g} to {high:g}, expected the grader's lowest and highest quality.")
    for name, values in (("weak", weak), ("strong", strong)):
        if values.shape != scores.shape:
            raise ValueError(f"{name} has shape {values.shape}, expected {scores.shape}.")
        outside = values[~((values >= low) & (values <= high))]
        if outside.size:
            raise ValueError(
                f"a quality of the {name} model is {outside[0]:g}, outside the grader's scale of {low:g} to "
                f"{high:g}: give its lowest and highest quality (--scale LOW HIGH)."
            )
    if scores.min() == scores.max():
        raise ValueError(
            f"every score is {scores[0]:g}: no threshold separates these prompts. Are they real prompts, "
            "and is the router trained?"
        )
    if target.kind == "quality" and low < 0.0:
        raise ValueError("quality is a ratio, which needs a scale that starts at 0 or above: use max_loss.")
    if target.kind == "gap" and strong.mean() <= weak.mean():
        raise ValueError(
            f"the strong model's mean quality, {strong.mean():.4g}, is not above the weak model's, "
            f"{weak.mean():.4g}: there is no gap to keep. Are they swapped? Or is weak enough?"
        )
