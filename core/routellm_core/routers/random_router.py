"""RandomRouter: the baseline of every table; a share of calls by chance, whatever the prompt says."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import numpy as np

from routellm_core.checkpoints.checkpoint import Checkpoint
from routellm_core.router import Router, Scores, check_prompts, quantile_grid


class RandomRouter(Router):
    """Scores each prompt with a uniform number that depends on the seed and the text alone.

    The same prompt keeps its score between calls, batches and machines, so a tool loop stays on one model.
    """

    scores_inline = True

    def __init__(self, seed: int = 0) -> None:
        if not isinstance(seed, int) or isinstance(seed, bool):
            raise TypeError(f"seed is {seed!r}, expected a whole number.")
        self.seed = seed
        self.score_quantiles = quantile_grid()

    def score(self, prompts: Sequence[str]) -> Scores:
        """Return one uniform number in [0, 1) per prompt, shape (n,)."""
        key = self.seed.to_bytes(32, "little", signed=True)
        digests = [
            # surrogatepass: any str has a score, lone surrogates included
            hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8, key=key).digest()
            for text in check_prompts(prompts)
        ]
        # 53 bits: as many as a float64 holds, so that the largest value stays below 1.
        return np.array([int.from_bytes(d, "little") >> 11 for d in digests], dtype=np.float64) / 2.0**53

    def to_checkpoint(self) -> Checkpoint:
        """Describe this router: its seed."""
        return Checkpoint("random", {"seed": self.seed})

    @classmethod
    def from_checkpoint(cls, checkpoint: Checkpoint) -> RandomRouter:
        """Make the router with the saved seed."""
        with checkpoint.reading():
            return cls(seed=checkpoint.setting("seed"))
