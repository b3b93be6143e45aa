"""Overlap: prompts that share long word sequences with others, such as training with evaluation prompts."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

LENGTH = 13
"""Words of a compared sequence, as in GPT-3's decontamination."""

SHARE = 0.5
"""Two prompts overlap if at least this share of the sequences of one occur in the other."""

_WORD = re.compile(r"\w+")


def overlapping(
    prompts: Sequence[str], others: Sequence[str], *, either_way: bool = False
) -> npt.NDArray[np.bool_]:
    """Return which prompts share at least half of their 13-word sequences with one of the others.

    A prompt shorter than 13 words counts as a single sequence.

    Args:
        prompts: n texts.
        others: m texts.
        either_way: also count a prompt that holds at least half of another's sequences, such as a long text
            that quotes a short one.

    Returns:
        Shape (n,), bool.
    """
    where: dict[tuple[str, ...], list[int]] = {}
    sizes = np.zeros(len(others), dtype=np.int64)
    for position, text in enumerate(others):
        sequences = _sequences(text)
        sizes[position] = len(sequences)
        for sequence in sequences:
            where.setdefault(sequence, []).append(position)
    near = np.zeros(len(prompts), dtype=np.bool_)
    for row, text in enumerate(prompts):
        sequences = _sequences(text)
        shared: dict[int, int] = {}
        for sequence in sequences:
            for position in where.get(sequence, ()):
                shared[position] = shared.get(position, 0) + 1
        near[row] = any(
            count >= SHARE * (min(len(sequences), sizes[position]) if either_way else len(sequences))
            for position, count in shared.items()
        )
    return near


def _sequences(text: str) -> set[tuple[str, ...]]:
    words = _WORD.findall(text.lower())
    if not words:
        return set()
    return {tuple(words[start : start + LENGTH]) for start in range(max(1, len(words) - LENGTH + 1))}
