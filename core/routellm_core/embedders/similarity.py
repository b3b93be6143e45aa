"""Similarity: cosines between embeddings, in blocks: neither a large store nor its square is copied."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

Singles = npt.NDArray[np.float32]

_BLOCK_BYTES = 2**20
"""Of stored rows at a time: what a processor's cache holds while many queries pass over it."""

_SQUARE_ROWS = 1024


def unit_rows(embeddings: npt.NDArray[np.floating[Any]]) -> Singles:
    """Return the rows brought to length 1, as float32; a zero row stays zero and is like nothing.

    Args:
        embeddings: shape (n, d), finite.

    Raises:
        ValueError: another shape, or a value that is not finite.
    """
    if embeddings.ndim != 2:
        raise ValueError(f"embeddings has shape {embeddings.shape}, expected (n, d).")
    rows = np.empty(embeddings.shape, dtype=np.float32)
    for start in range(0, len(rows), _SQUARE_ROWS):
        block = np.asarray(embeddings[start : start + _SQUARE_ROWS], dtype=np.float64)
        bad = np.flatnonzero(~np.isfinite(block).all(axis=1))
        if bad.size:
            raise ValueError(f"embedding {start + int(bad[0])} holds a value that is NaN or infinite.")
        # By the largest first: the square of a large or a small number might not be one.
        largest = np.abs(block).max(axis=1, keepdims=True, initial=0.0)  # (k, 1)
        block = block / np.where(largest > 0.0, largest, 1.0)
        lengths = np.sqrt((block * block).sum(axis=1, keepdims=True))
        rows[start : start + _SQUARE_ROWS] = block / np.where(lengths > 0.0, lengths, 1.0)
    return rows


def longest_row(stored: Singles) -> float:
    """Return the greatest length of a row, shape (p, d); it may be memory-mapped."""
    longest = 0.0
    for start in range(0, len(stored), _SQUARE_ROWS):
        block = stored[start : start + _SQUARE_ROWS].astype(np.float64)
        longest = max(longest, float(np.sqrt((block * block).sum(axis=1)).max(initial=0.0)))
    return longest


def cosines(queries: Singles, stored: Singles) -> Singles:
    """Return the cosine of each query with each stored row, in one pass over the stored ones.

    A query's result does not depend, to the last bit, on the queries beside it.

    Args:
        queries: shape (n, d), rows of length 1 or 0.
        stored: shape (p, d), the same; it may be memory-mapped.

    Returns:
        Shape (n, p).
    """
    found = np.empty((len(queries), len(stored)), dtype=np.float32)
    step = max(1, _BLOCK_BYTES // max(1, stored[:1].nbytes))
    for start in range(0, len(stored), step):
        block = stored[start : start + step]
        # One product per query, and no matrix product, whose rounding changes with the number of queries.
        for row, query in zip(found, queries, strict=True):
            np.dot(block, query, out=row[start : start + step])
    return found


def greatest_similarity(stored: Singles) -> Singles:
    """Return the cosine of each row with the row most like it, itself left out; (p,), -1 for a lone row.

    Args:
        stored: shape (p, d), rows of length 1 or 0. The time grows with p².
    """
    greatest = np.full(len(stored), -1.0, dtype=np.float32)
    for start in range(0, len(stored), _SQUARE_ROWS):
        block = stored[start : start + _SQUARE_ROWS]
        for other in range(0, len(stored), _SQUARE_ROWS):
            found = block @ stored[other : other + _SQUARE_ROWS].T
            if other == start:
                np.fill_diagonal(found, -1.0)
            part = greatest[start : start + len(block)]
            np.maximum(part, found.max(axis=1), out=part)
    return greatest
