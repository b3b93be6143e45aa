"""Selection: a few prompts that stand for many, so that a judge need not be paid for all of them.

Clusters of the prompts' embeddings by k-means; of each cluster the prompt nearest to its centre is taken, and
weighs as much as the cluster has prompts.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from routellm_core.embedders.embedder import Embedder

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.intp]

_ITERATIONS = 50

_BLOCK = 4096
"""Rows whose distances to all centres are held at once."""


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

    Args:
        prompts: n texts; equal ones fall in one cluster.
        embedder: gives the embeddings that are clustered, by Euclidean distance.
        count: k, how many to choose; at least 1. Where there are no more distinct prompts, each is chosen.
        seed: for the first centres (k-means++).

    Returns:
        The same for the same arguments; fewer than `count` only where fewer embeddings are distinct.

    Raises:
        ValueError: `count` is below 1, or there are no prompts.
    """
    if count < 1:
        raise ValueError(f"count is {count}, expected at least 1.")
    if not prompts:
        raise ValueError("there are no prompts to select from.")
    texts, first, inverse = _distinct(prompts)
    sizes = np.bincount(inverse, minlength=len(texts)).astype(np.float64)  # (m,)
    points = np.asarray(embedder.embed(texts), dtype=np.float64)  # (m, d)
    centres = _first_centres(points, sizes, min(count, len(texts)), np.random.default_rng(seed))
    cluster, distance = _nearest(points, centres)
    for _ in range(_ITERATIONS):
        before = cluster
        centres = _means(points, sizes, cluster, distance, len(centres))
        cluster, distance = _nearest(points, centres)
        if np.array_equal(cluster, before):
            break
    chosen, weights = _medoids(sizes, cluster, distance)
    order = np.argsort(first[chosen])
    return Selection(first[chosen][order], weights[order])


def _distinct(prompts: Sequence[str]) -> tuple[list[str], Integers, Integers]:
    # the distinct texts, the row at which each comes first, and the text of each row
    rows: dict[str, int] = {}
    inverse = np.array([rows.setdefault(text, len(rows)) for text in prompts], dtype=np.intp)
    first = np.full(len(rows), len(prompts), dtype=np.intp)
    np.minimum.at(first, inverse, np.arange(len(prompts)))
    return list(rows), first, inverse


def _first_centres(points: Floats, sizes: Floats, count: int, rng: np.random.Generator) -> Floats:
    # Greedy k-means++: candidates for each next centre are drawn by the squared distance to the nearest so
    # far, and the one that brings the points closest is taken.
    lengths = (points**2).sum(axis=1)  # (m,)
    picked = [int(rng.choice(len(points), p=sizes / sizes.sum()))]
    nearest = _squares(points, lengths, picked)[0]  # (m,)
    tries = 2 + int(np.log(count))
    while len(picked) < count:
        nearest[picked] = 0.0
        odds = sizes * nearest
        if odds.sum() <= 1e-12 * sizes.sum():
            break  # all that is left lies on a centre already
        candidates = rng.choice(len(points), size=tries, p=odds / odds.sum())
        closer = np.minimum(nearest, _squares(points, lengths, candidates))  # (tries, m)
        best = int((closer @ sizes).argmin())
        picked.append(int(candidates[best]))
        nearest = closer[best]
    return points[picked]


def _squares(points: Floats, lengths: Floats, rows: Sequence[int] | Integers) -> Floats:
    # squared distances of some points to all, (r, m)
    squares: Floats = lengths[rows][:, None] - 2.0 * points[rows] @ points.T + lengths
    return np.maximum(squares, 0.0)


def _nearest(points: Floats, centres: Floats) -> tuple[Integers, Floats]:
    # each point's centre, and its squared distance to it, both of shape (m,)
    cluster = np.empty(len(points), dtype=np.intp)
    distance = np.empty(len(points))
    lengths = (centres**2).sum(axis=1)  # (k,)
    for start in range(0, len(points), _BLOCK):
        block = points[start : start + _BLOCK]
        apart = lengths - 2.0 * block @ centres.T  # (b, k), up to the block's own lengths
        best = apart.argmin(axis=1)
        cluster[start : start + _BLOCK] = best
        distance[start : start + _BLOCK] = apart[np.arange(len(block)), best] + (block**2).sum(axis=1)
    return cluster, np.maximum(distance, 0.0)


def _means(points: Floats, sizes: Floats, cluster: Integers, distance: Floats, count: int) -> Floats:
    order = np.argsort(cluster, kind="stable")
    occupied, starts = np.unique(cluster[order], return_index=True)
    centres = np.empty((count, points.shape[1]))
    sums = np.add.reduceat(points[order] * sizes[order][:, None], starts, axis=0)
    centres[occupied] = sums / np.bincount(cluster, sizes, count)[occupied][:, None]
    # A cluster that lost all its points starts again where a point is farthest from its own centre.
    lost = np.setdiff1d(np.arange(count), occupied)
    centres[lost] = points[np.argsort(-distance, kind="stable")[: len(lost)]]
    return centres


def _medoids(sizes: Floats, cluster: Integers, distance: Floats) -> tuple[Integers, Integers]:
    # the point nearest to each occupied centre, and the prompts of its cluster
    order = np.lexsort((distance, cluster))
    occupied, starts = np.unique(cluster[order], return_index=True)
    return order[starts], np.rint(np.bincount(cluster, sizes)[occupied]).astype(np.intp)
