"""Coverage of a training set: its hashes, and the centroids of its embeddings by spherical k-means."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from routellm_core.checkpoints.coverage import Coverage, prompt_hashes
from routellm_core.logits import Floats
from routellm_core.router import COARSE_QUANTILES, quantiles_of

CENTROIDS = 256
HELD_OUT = 0.1
"""Share of the prompts held out of the centroids, to measure how near such prompts lie."""

_ROUNDS = 30


def coverage_of(prompts: Sequence[str], embeddings: Floats, *, seed: int = 0) -> Coverage:
    """Describe the distinct prompts of a training set.

    Args:
        prompts: at least two distinct ones.
        embeddings: shape (n, D), theirs, by the router's embedder.
        seed: of the held-out prompts and the first centroids.

    Raises:
        ValueError: fewer than two distinct prompts with a nonzero embedding.
    """
    first = {text: row for row, text in reversed(list(enumerate(prompts)))}
    distinct = list(dict.fromkeys(prompts))
    embedded = embeddings[[first[text] for text in distinct]]  # (m, D)
    lengths = np.linalg.norm(embedded, axis=1)
    rng = np.random.default_rng(seed)
    known = rng.permutation(np.nonzero(lengths > 0.0)[0])
    if len(known) < 2:
        raise ValueError(f"prompts holds {len(known)} texts with an embedding, expected two or more.")
    units = embedded[known] / lengths[known, None]
    held_out, kept = np.split(units, [max(1, int(HELD_OUT * len(units)))])
    # float16 in the file is enough for a cosine
    centroids = _spherical_means(kept, min(CENTROIDS, len(kept)), rng).astype(np.float16)
    coverage = Coverage(np.unique(prompt_hashes(distinct)), centroids.astype(np.float32), np.zeros(1))
    nearness = quantiles_of(coverage.similarity(held_out), COARSE_QUANTILES)
    return Coverage(coverage.hashes, coverage.centroids, nearness)


def _spherical_means(units: Floats, count: int, rng: np.random.Generator) -> Floats:
    """Return `count` rows of length 1, each the direction of the rows nearest to it; shape (count, D)."""
    means = units[rng.choice(len(units), size=count, replace=False)]
    for _ in range(_ROUNDS):
        nearest = (units @ means.T).argmax(axis=1)  # (n,)
        sums = np.zeros_like(means)
        np.add.at(sums, nearest, units)
        lengths = np.linalg.norm(sums, axis=1, keepdims=True)
        # a centroid that lost all its rows stays where it is
        means = np.divide(sums, lengths, out=means.copy(), where=lengths > 0.0)
    return means
