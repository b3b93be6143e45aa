"""Mix: the prompts that the default router's score quantiles stand for, and folds that keep writers apart."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from routellm_core.logits import Floats, win_rates
from routellm_core.router import quantile_grid
from routellm_core.training.default.outcomes import Outcome
from routellm_core.training.default.ratings import RatedPrompt

MIX = {
    "written, English": 0.35,
    "written, other languages": 0.2,
    "arena": 0.25,
    "everyday": 0.1,
    "exam": 0.1,
}
"""What the score quantiles stand for: prompts inside products, half of them hard, in English and in other
languages; chat; everyday questions; some exam questions."""

FOLDS = 5


def folds_of(rated: Sequence[RatedPrompt]) -> npt.NDArray[np.int64]:
    """Return the fold of each prompt, shape (n,): by its writer, or by its text if the writer is unknown."""
    return np.array(
        [
            int(each.writer or hashlib.sha256(each.prompt.encode("utf-8", "replace")).hexdigest(), 16) % FOLDS
            for each in rated
        ]
    )


def mixed_quantiles(
    rated: Sequence[RatedPrompt], outcomes: Sequence[Outcome], logits: tuple[Floats, Floats]
) -> Floats:
    """Return evenly spaced quantiles of the scores under `MIX`, ascending.

    Args:
        rated: n rated prompts.
        outcomes: m exam questions.
        logits: of both, shapes (n,) and (m,).
    """
    parts = np.array([_part(each) for each in rated] + ["exam"] * len(outcomes))
    scores = win_rates(np.concatenate(logits))
    weight = np.zeros(len(scores))
    for name, share in MIX.items():
        members = parts == name
        weight[members] = share / max(1, members.sum())
    order = np.argsort(scores, kind="stable")
    order = order[weight[order] > 0.0]
    # each score sits in the middle of its own weight
    position = (np.cumsum(weight[order]) - 0.5 * weight[order]) / weight.sum()
    quantiles: Floats = np.interp(quantile_grid(), position, scores[order])
    return quantiles


def _part(each: RatedPrompt) -> str:
    if each.source != "written":
        return each.source
    return "written, English" if each.language == "en" else "written, other languages"
