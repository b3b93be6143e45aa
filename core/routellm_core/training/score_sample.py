"""Score sample: the quantiles a trained router ships for `strong_share=`, from some of its own prompts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from routellm_core.router import Router, quantiles_of

SAMPLE = 2000
"""Most distinct prompts scored: the quantiles are then off by about one percentage point."""

Trained = TypeVar("Trained", bound=Router)


def with_sample_quantiles(
    router: Trained, prompts: Sequence[str], held_out: npt.NDArray[np.bool_]
) -> Trained:
    """Give a freshly trained router its score quantiles.

    Held-out prompts come first, because scores spread further on prompts the router was trained on.

    Args:
        router: modified in place, so it must not be shared yet.
        prompts: of n rows.
        held_out: shape (n,).
    """
    order = np.argsort(~held_out, kind="stable")
    sample = list(dict.fromkeys(prompts[position] for position in order))[:SAMPLE]
    router.score_quantiles = quantiles_of(router.score(sample))
    return router
