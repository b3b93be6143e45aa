"""Held-out prompts: the part of the data for early stopping and metrics, which training never sees."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from routellm_core.preferences.reading.records import DataError
from routellm_core.routing.validation import check_positive


def held_out(prompts: Sequence[str], share: float, seed: int) -> npt.NDArray[np.bool_]:
    """Return for each row whether its prompt is held out; all rows of a prompt are on one side.

    The choice is by a hash of each prompt, so that it depends as little as possible on the order of the
    rows and on other rows.

    Args:
        prompts: of the n rows; a prompt may occur many times.
        share: of the distinct prompts, above 0 and below 1; at least one is on each side.
        seed: another seed holds out other prompts.

    Returns:
        Shape (n,), True if held out.

    Raises:
        DataError: fewer than two distinct prompts.
        ValueError: `share` is not between 0 and 1.
    """
    check_positive(share, "held-out share", below=1.0)
    distinct = sorted(dict.fromkeys(prompts), key=lambda prompt: _rank(prompt, seed))
    if len(distinct) < 2:
        raise DataError(
            f"the data holds {len(distinct)} distinct prompts, expected at least 2: one to train on and "
            "one to hold out."
        )
    count = min(max(1, round(share * len(distinct))), len(distinct) - 1)
    chosen = set(distinct[:count])
    return np.array([prompt in chosen for prompt in prompts])


def _rank(prompt: str, seed: int) -> bytes:
    return hashlib.sha256(f"{seed}:{prompt}".encode("utf-8", "surrogatepass")).digest()
