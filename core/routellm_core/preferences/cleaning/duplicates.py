"""Duplicate: a row that repeats an earlier one, word for word or nearly (MinHash LSH, by datasketch)."""

from __future__ import annotations

from collections.abc import Hashable, Sequence

import numpy as np
import numpy.typing as npt

from routellm_core.routing.validation import check_positive

_SHINGLE = 5
"""Characters of a compared piece: short enough for a one-line question, and independent of words, so it also
works for scripts without spaces."""

_PERMUTATIONS = 128

_CANDIDATES = 0.7
"""Fraction of the similarity at which the index proposes candidates. At the similarity itself it would miss
more than half of the pairs that just reach it; here it misses 2 in 1,000. An exact check drops the rest."""


def exact_duplicates(prompts: Sequence[str], keys: Sequence[Hashable]) -> npt.NDArray[np.bool_]:
    """Return which rows repeat the prompt and the key of an earlier row.

    Args:
        prompts: n texts.
        keys: n values; only rows of equal keys can be duplicates of each other. For battles the two models,
            whoever won: of the votes on one prompt and pair the first is kept, which favors neither model.

    Returns:
        Shape (n,), bool; False for the first of equal rows.
    """
    return _repeated(list(zip(prompts, keys, strict=True)))


def near_duplicates(
    prompts: Sequence[str], keys: Sequence[Hashable], similarity: float = 0.8
) -> npt.NDArray[np.bool_]:
    """Return which rows have the key and nearly or exactly the prompt of an earlier row.

    Two prompts are near if the Jaccard similarity of their sets of 5-character pieces is at least
    `similarity`; case and white space are ignored. LSH proposes candidates, and each is checked exactly:
    everything found is near, and very few near ones are missed. A prompt is compared with the first of each
    group.

    Args:
        prompts: n texts.
        keys: n values; only rows of equal keys can be duplicates of each other.
        similarity: in (0, 1].

    Returns:
        Shape (n,), bool; False for the first of near rows.

    Raises:
        ImportError: datasketch is not installed.
        ValueError: `similarity` is outside (0, 1].
    """
    check_positive(similarity, "similarity", at_most=1.0)
    group = _groups(list(dict.fromkeys(prompts)), similarity)
    return _repeated([(group[prompt], key) for prompt, key in zip(prompts, keys, strict=True)])


def _groups(texts: Sequence[str], similarity: float) -> dict[str, int]:
    # text -> position of the first text of its group
    try:
        from datasketch import MinHash, MinHashLSH
    except ImportError as error:
        raise ImportError(
            "finding near-duplicates needs an extra: pip install 'routellm-plugins[clean]'"
        ) from error
    index = MinHashLSH(threshold=_CANDIDATES * similarity, num_perm=_PERMUTATIONS)
    empty = MinHash(num_perm=_PERMUTATIONS)
    firsts: dict[int, frozenset[bytes]] = {}
    group: dict[str, int] = {}
    for position, text in enumerate(texts):
        pieces = _pieces(text)
        sketch = empty.copy()
        sketch.update_batch(pieces)
        for candidate in sorted(index.query(sketch)):
            if _jaccard(pieces, firsts[candidate]) >= similarity:
                group[text] = candidate
                break
        else:
            group[text] = position
            firsts[position] = pieces
            index.insert(position, sketch)
    return group


def _pieces(text: str) -> frozenset[bytes]:
    plain = " ".join(text.lower().split())
    ends = range(max(1, len(plain) - _SHINGLE + 1))
    return frozenset(plain[start : start + _SHINGLE].encode("utf-8", "surrogatepass") for start in ends)


def _jaccard(first: frozenset[bytes], second: frozenset[bytes]) -> float:
    shared = len(first & second)
    return shared / (len(first) + len(second) - shared)


def _repeated(rows: Sequence[Hashable]) -> npt.NDArray[np.bool_]:
    seen: set[Hashable] = set()
    repeated = np.zeros(len(rows), dtype=np.bool_)
    for position, row in enumerate(rows):
        repeated[position] = row in seen
        seen.add(row)
    return repeated
