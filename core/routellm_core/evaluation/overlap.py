"""Near-duplicates by shared word sequences: evaluation prompts that are too close to trained ones."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

LENGTH = 13
"""Words of a compared sequence, as in GPT-3's decontamination."""

SHARE = 0.5
"""A prompt is a near-duplicate where at least this share of its sequences occur in one trained prompt."""

_WORD = re.compile(r"\w+")


def near_duplicates(prompts: Sequence[str], trained: Sequence[str]) -> npt.NDArray[np.bool_]:
    """Say which prompts share at least half of their 13-word sequences with one trained prompt.

    A prompt shorter than 13 words counts as one sequence, all of it.

    Returns:
        Shape (n,), bool.
    """
    where: dict[tuple[str, ...], list[int]] = {}
    for position, text in enumerate(trained):
        for sequence in _sequences(text):
            where.setdefault(sequence, []).append(position)
    near = np.zeros(len(prompts), dtype=np.bool_)
    for row, text in enumerate(prompts):
        sequences = _sequences(text)
        shared: dict[int, int] = {}
        for sequence in sequences:
            for position in where.get(sequence, ()):
                shared[position] = shared.get(position, 0) + 1
        near[row] = max(shared.values(), default=0) >= SHARE * len(sequences) > 0
    return near


def _sequences(text: str) -> set[tuple[str, ...]]:
    words = _WORD.findall(text.lower())
    if not words:
        return set()
    return {tuple(words[start : start + LENGTH]) for start in range(max(1, len(words) - LENGTH + 1))}
