"""CPT held out: the threshold chosen on one half of the prompts, and what it does on the other."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from routellm_core.evaluation.metrics import pgr_curve
from routellm_core.logits import Floats
from routellm_core.routing.threshold import goes_to_strong
from routellm_core.routing.validation import check_positive

SPLITS = 20


@dataclass(frozen=True)
class HeldOutCPT:
    """The CPT you get when you choose a threshold on some prompts and use it on others.

    Attributes:
        share: mean share of strong calls on the halves that did not choose, in [0, 1].
        pgr: mean PGR there; compare it with the target.
    """

    share: float
    pgr: float


def cpt_held_out(
    scores: npt.ArrayLike, weak: npt.ArrayLike, strong: npt.ArrayLike, target: float, *, seed: int = 0
) -> HeldOutCPT:
    """Choose the threshold by first crossing on a random half, measure on the other; average many splits.

    Args:
        scores: shape (n,), n >= 4.
        weak: shape (n,).
        strong: shape (n,).
        target: share of the gap, in (0, 1].
        seed: of the splits.

    Raises:
        ValueError: as `pgr_curve`, a target outside (0, 1], or too few prompts for two halves that have a
            gap.
    """
    check_positive(target, "target", at_most=1.0)
    pgr_curve(scores, weak, strong)  # called for its checks
    arrays = [np.asarray(values, dtype=np.float64) for values in (scores, weak, strong)]
    rng = np.random.default_rng(seed)
    measured: list[tuple[float, float]] = []
    for _ in range(SPLITS):
        halves = np.array_split(rng.permutation(len(arrays[0])), 2)
        for chosen_on, measured_on in (halves, halves[::-1]):
            found = _measured(
                [values[chosen_on] for values in arrays], [values[measured_on] for values in arrays], target
            )
            if found is not None:
                measured.append(found)
    if not measured:
        raise ValueError(
            f"{len(arrays[0])} prompts are too few: no split leaves a gap between the models in both halves."
        )
    share, pgr = np.mean(measured, axis=0).tolist()
    return HeldOutCPT(share, pgr)


def _measured(
    chosen_on: list[Floats], measured_on: list[Floats], target: float
) -> tuple[float, float] | None:
    scores, weak, strong = measured_on
    gain = strong - weak
    if min(gain.sum(), (chosen_on[2] - chosen_on[1]).sum()) <= 1e-12:
        return None
    _, pgr = pgr_curve(*chosen_on)
    distinct = np.unique(chosen_on[0])[::-1]  # the score of each corner but the first, highest first
    selected = goes_to_strong(scores, float(distinct[int(np.argmax(pgr[1:] >= target))]))
    return float(selected.mean()), float(gain[selected].sum() / gain.sum())
