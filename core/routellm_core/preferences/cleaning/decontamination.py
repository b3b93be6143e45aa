"""Decontamination: training prompts that are too close to an evaluation set (paper, appendix B)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from routellm_core.embedders.embedder import Embedder
from routellm_core.routing.validation import check_positive

SIMILARITY = 0.95
"""Cosine from which a prompt counts as the same as another (paper, appendix B)."""

_BLOCK = 1024


def nearest_similarity(
    prompts: Sequence[str], others: Sequence[str], embedder: Embedder, *, block: int = _BLOCK
) -> npt.NDArray[np.float32]:
    """Return each prompt's largest cosine to any of the others.

    Training prompts against an evaluation set show contamination. The mean over evaluation prompts against a
    training set is the paper's similarity of benchmark and data (appendix C).

    Args:
        prompts: n texts; each distinct one is embedded once.
        others: m texts, m >= 1.
        embedder: gives the embeddings; a zero vector has cosine 0 to everything.
        block: rows of one matrix product, which takes block · m · 4 bytes.

    Returns:
        Shape (n,), in [-1, 1].

    Raises:
        ValueError: there are no others.
    """
    if not others:
        raise ValueError("others is empty: there is nothing to compare with.")
    rows = {text: row for row, text in enumerate(dict.fromkeys(prompts))}
    known = _directions(list(dict.fromkeys(others)), embedder)  # (m, d)
    largest = np.empty(len(rows), dtype=np.float32)
    texts = list(rows)
    for start in range(0, len(texts), block):
        unit = _directions(texts[start : start + block], embedder)  # (b, d)
        largest[start : start + block] = (unit @ known.T).max(axis=1)
    return largest[[rows[text] for text in prompts]]


def similar_prompts(
    prompts: Sequence[str], evaluation: Sequence[str], embedder: Embedder, similarity: float = SIMILARITY
) -> npt.NDArray[np.bool_]:
    """Return which prompts have a cosine of at least `similarity` to an evaluation prompt; shape (n,), bool.

    What 0.95 means depends on the embedder: the paper's is text-embedding-3-small.

    Raises:
        ValueError: `similarity` is outside (0, 1].
    """
    check_positive(similarity, "similarity", at_most=1.0)
    if not evaluation or not prompts:
        return np.zeros(len(prompts), dtype=np.bool_)
    # Equal texts have a cosine of 1 up to rounding.
    return nearest_similarity(prompts, evaluation, embedder) >= similarity - 1e-5


def _directions(texts: Sequence[str], embedder: Embedder) -> npt.NDArray[np.float32]:
    embedded = np.asarray(embedder.embed(texts), dtype=np.float32)  # (n, d)
    lengths = np.linalg.norm(embedded, axis=1, keepdims=True)  # (n, 1)
    lengths[lengths == 0] = 1
    directions: npt.NDArray[np.float32] = embedded / lengths
    return directions
