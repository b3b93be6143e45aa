"""Coverage: what a router was trained on, without the text: which prompts, and which part of embedding space.

Hashes identify training prompts, so that no evaluation counts them. Centroids measure how near a prompt
is to the training prompts (the paper's benchmark-dataset similarity, appendix C, by centroids of them).
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from routellm_core.checkpoints.checkpoint import Checkpoint
from routellm_core.logits import Floats

_PREFIX = "coverage."


@dataclass(frozen=True, eq=False)
class Coverage:
    """What a router was trained on.

    Attributes:
        hashes: shape (h,), uint32, ascending: the first four bytes of each training prompt's SHA-256. One
            in 4 billion / h other prompts collides with one of them.
        centroids: shape (k, D), rows of length 1: means of groups of training prompts' embeddings.
        similarities: evenly spaced quantiles from 0 to 1, ascending, of the similarity of prompts like the
            training prompts that were held out of the centroids.
    """

    hashes: npt.NDArray[np.uint32]
    centroids: npt.NDArray[np.float32]
    similarities: Floats

    def holds(self, prompts: Sequence[str]) -> npt.NDArray[np.bool_]:
        """Return which prompts were trained on, shape (n,)."""
        return np.isin(prompt_hashes(prompts), self.hashes)

    def similarity(self, embeddings: Floats) -> Floats:
        """Return the largest cosine to a centroid, shape (n,), of embeddings, shape (n, D); 0 for zeros.

        Without centroids nothing is similar to any.
        """
        if not self.centroids.size:
            return np.zeros(len(embeddings))
        lengths = np.linalg.norm(embeddings, axis=1, keepdims=True)
        units = np.divide(embeddings, lengths, out=np.zeros_like(embeddings), where=lengths > 0.0)
        nearest: Floats = (units @ self.centroids.T.astype(np.float64)).max(axis=1)
        return nearest

    def to_tensors(self) -> dict[str, npt.NDArray[Any]]:
        """Return the tensors for a checkpoint."""
        return {
            f"{_PREFIX}hashes": self.hashes,
            f"{_PREFIX}centroids": self.centroids.astype(np.float16),
            f"{_PREFIX}similarities": self.similarities,
        }

    @classmethod
    def from_checkpoint(cls, checkpoint: Checkpoint) -> Coverage | None:
        """Rebuild the coverage from `to_tensors`; None if the checkpoint has none.

        Raises:
            CheckpointError: a part is missing or misshapen.
        """
        if not any(name.startswith(_PREFIX) for name in checkpoint.tensors):
            return None
        tensor = checkpoint.tensor
        return cls(
            tensor(f"{_PREFIX}hashes", (None,)).astype(np.uint32),
            tensor(f"{_PREFIX}centroids", (None, None)).astype(np.float32),
            tensor(f"{_PREFIX}similarities", (None,)).astype(np.float64),
        )


def prompt_hashes(prompts: Sequence[str]) -> npt.NDArray[np.uint32]:
    """Return the first four bytes of each prompt's SHA-256, surrounding white space ignored, shape (n,)."""
    heads = b"".join(
        hashlib.sha256(prompt.strip().encode("utf-8", "replace")).digest()[:4] for prompt in prompts
    )
    return np.frombuffer(heads, dtype=">u4").astype(np.uint32)
