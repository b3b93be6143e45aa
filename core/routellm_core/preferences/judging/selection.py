"""Selection: a few prompts that stand for many, so that a judge need not be paid for all of them.

The prompts' embeddings are cut into clusters of equal size, and one prompt is drawn from each. A mean over
the drawn ones, by their weights, estimates the mean over all without bias. The prompts nearest to the centres
of k-means do not, and measured on real sets they were mostly worse than random ones: a cluster's typical
prompt is not its average one, and few large clusters have most of the weight.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from routellm_core.embedders.embedder import Embedder
from routellm_core.logits import Floats
from routellm_core.routing.validation import check_count

Integers = npt.NDArray[np.intp]

_STEPS = 15
"""Of power iteration: an axis of about the largest spread will do."""


@dataclass(frozen=True)
class Selection:
    """The chosen prompts.

    Attributes:
        indices: shape (k,), rows of the prompts, ascending and distinct.
        weights: shape (k,), how many of the n prompts each stands for, itself included; they sum to n.
    """

    indices: Integers
    weights: Integers


def select_representative(prompts: Sequence[str], embedder: Embedder, count: int, seed: int = 0) -> Selection:
    """Choose prompts that represent all of them.

    All prompts are one cluster at first, and each cluster is cut across the axis of its largest spread until
    there are `count` of them, with equally many distinct prompts up to one. A prompt that occurs several
    times weighs as often, and is likelier to be drawn from its cluster, but is chosen once.

    Args:
        prompts: n texts.
        embedder: gives the embeddings that are clustered.
        count: k, how many to choose; at least 1. Where there are no more distinct prompts, each is chosen.
        seed: for the draw.

    Returns:
        The same for the same arguments.

    Raises:
        ValueError: `count` is below 1, or there are no prompts.
    """
    check_count(count, "count")
    if not prompts:
        raise ValueError("there are no prompts to select from.")
    rows: dict[str, int] = {}
    inverse = np.array([rows.setdefault(text, len(rows)) for text in prompts], dtype=np.intp)  # (n,)
    sizes = np.bincount(inverse)  # (m,), m distinct texts
    _, first = np.unique(inverse, return_index=True)  # (m,), the row at which each comes first
    points = np.asarray(embedder.embed(list(rows)), dtype=np.float64)  # (m, d)
    rng = np.random.default_rng(seed)
    clusters = _clusters(points, np.arange(len(rows)), min(count, len(rows)), rng)
    drawn = np.array([rng.choice(cluster, p=sizes[cluster] / sizes[cluster].sum()) for cluster in clusters])
    weights = np.array([sizes[cluster].sum() for cluster in clusters])
    order = np.argsort(first[drawn])
    return Selection(first[drawn][order], weights[order])


def _clusters(points: Floats, members: Integers, count: int, rng: np.random.Generator) -> list[Integers]:
    if count == 1:
        return [members]
    left = count // 2
    order = members[np.argsort(_along_spread(points[members], rng), kind="stable")]
    cut = len(members) * left // count
    return [
        *_clusters(points, order[:cut], left, rng),
        *_clusters(points, order[cut:], count - left, rng),
    ]


def _along_spread(points: Floats, rng: np.random.Generator) -> Floats:
    # Where each point lies on the axis of largest spread, shape (m,), by power iteration.
    centred = points - points.mean(axis=0)
    axis = rng.standard_normal(points.shape[1])
    for _ in range(_STEPS):
        axis = centred.T @ (centred @ axis)
        length = float(np.linalg.norm(axis))
        if length == 0.0:
            break  # all points are equal
        axis /= length
    along: Floats = centred @ axis
    return along
