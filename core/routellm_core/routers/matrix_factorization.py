"""MatrixFactorizationRouter: the paper's bilinear scorer over model vectors and a projected prompt embedding.

Differs from the published code in that the embedder is passed in, a bias is allowed (the paper has one), and
any pair of known models can be scored; the fixed pair is folded into one vector.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from os import PathLike
from typing import Any

import numpy as np
import numpy.typing as npt

from routellm_core.checkpoints.checkpoint import Checkpoint, CheckpointError
from routellm_core.checkpoints.coverage import Coverage
from routellm_core.checkpoints.explanation import Explanation, Part, largest_first
from routellm_core.checkpoints.percentile import percentile_of
from routellm_core.checkpoints.published_factorization import (
    ARENA_MODELS,
    STRONG,
    WEAK,
    read_published_factorization,
)
from routellm_core.embedders.embedder import (
    AsyncEmbedder,
    Embedder,
    FoldableEmbedder,
    SeparableEmbedder,
    check_width,
    embedder_parts,
    is_at_hand,
    probe_embeddings,
    read_embedder,
)
from routellm_core.logits import secant, win_rate, win_rates
from routellm_core.router import PROBES, Scores, UnchangingRouter, check_prompts, check_scores

KIND = "matrix_factorization"

_GREATEST_WEIGHT = 1e100
"""Of an embedding's number: no sum of products with 32-bit numbers overflows below it."""


class MatrixFactorizationRouter(UnchangingRouter):
    """P(strong preferred | q) = σ(δ(s, q) − δ(w, q)), δ(M, q) = w₂ᵀ(v_M ⊙ (W₁ᵀ e_q + b)) (paper, section 4).

    v_M are model vectors of length 1, e_q is the prompt's embedding. w₂ is folded into W₁ and b, so here
    δ(M, q) = v_M · (W e_q + b). A tie counts as half a win. Objects are immutable.
    """

    def __init__(
        self,
        embedder: Embedder,
        models: Sequence[str],
        model_vectors: npt.NDArray[np.float64],
        projection: npt.NDArray[np.float64],
        bias: npt.NDArray[np.float64] | None = None,
        *,
        strong: str,
        weak: str,
        score_quantiles: Scores | None = None,
        coverage: Coverage | None = None,
    ) -> None:
        """Store the weights and fold the pair.

        Args:
            embedder: gives e_q, shape (n, D).
            models: M distinct names, in the order of `model_vectors`.
            model_vectors: shape (M, d); rows are brought to length 1.
            projection: W, shape (d, D), w₂ folded in.
            bias: b, shape (d,), w₂ folded in; None for no bias.
            strong: the model whose win `score` estimates.
            weak: the model it is compared with.
            score_quantiles: see `Router.score_quantiles`; they belong to this pair.
            coverage: see `Router.coverage`; its centroids are of this embedder.

        Raises:
            ValueError: shapes that do not fit each other, or a name that is not among `models`.
        """
        self.embedder = embedder
        self.models = tuple(models)
        if model_vectors.ndim != 2 or len(self.models) != len(model_vectors):
            raise ValueError(
                f"model_vectors has shape {model_vectors.shape}, expected ({len(self.models)}, d)."
            )
        if len(set(self.models)) != len(self.models):
            raise ValueError("models holds a name twice.")
        if projection.ndim != 2 or len(projection) != model_vectors.shape[1]:
            raise ValueError(
                f"projection has shape {projection.shape}, expected ({model_vectors.shape[1]}, D)."
            )
        lengths = np.linalg.norm(model_vectors, axis=1, keepdims=True)  # (M, 1)
        if not (lengths > 0).all():
            raise ValueError("model_vectors holds a row of length 0.")
        # Unit rows stay as they are to the bit, so that a saved router scores the same when it is loaded.
        lengths = np.where(np.abs(lengths - 1.0) < 1e-12, 1.0, lengths)
        self.model_vectors = model_vectors.astype(np.float64) / lengths  # (M, d)
        self.projection = projection.astype(np.float64, copy=False)  # (d, D)
        self.bias = np.zeros(len(projection)) if bias is None else bias.astype(np.float64)  # (d,)
        if self.bias.shape != (len(projection),):
            raise ValueError(f"bias has shape {self.bias.shape}, expected ({len(projection)},).")
        self.strong = strong
        self.weak = weak
        difference = self._vector(strong, "strong") - self._vector(weak, "weak")  # (d,)
        self._width = self.projection.shape[1]
        self._direction = self.projection.T @ difference  # (D,)
        self._offset = float(self.bias @ difference)
        if not max(np.abs(self._direction).max(initial=0.0), abs(self._offset)) < _GREATEST_WEIGHT:
            raise ValueError("the weights are so large that scores would overflow.")
        self._folded: Callable[[str], float] | None = None
        if isinstance(embedder, FoldableEmbedder):
            self._folded = embedder.folded(self._direction)
        self.score_quantiles = score_quantiles
        self.coverage = coverage
        self.scores_inline = bool(getattr(embedder, "scores_inline", False))

    def score(self, prompts: Sequence[str]) -> Scores:
        """Return P(strong preferred) per prompt, shape (n,), by the folded pair: σ(e · u + c)."""
        if self._folded is None:
            return self._pair_scores(self._embed(prompts))
        folded = self._folded
        logits = [folded(text) + self._offset for text in check_prompts(prompts)]
        return np.array([win_rate(logit) for logit in logits], dtype=np.float64)

    def score_one(self, prompt: str) -> float:
        """Return P(strong preferred) of one prompt, in plain numbers where the embedder can be folded."""
        if self._folded is None:
            return super().score_one(prompt)
        return win_rate(self._folded(prompt) + self._offset)

    def probe(self) -> None:
        """Score as `Router.probe`, with made-up embeddings where the embedder would ask something else."""
        if is_at_hand(self.embedder):
            super().probe()
        else:
            check_scores(self._pair_scores(probe_embeddings(self._width)), len(PROBES))

    def explain(self, prompt: str) -> Explanation:
        """Take a prompt's score apart, by words and features, if the embedder can; see `Router`.

        σ(logit) − σ(constant) is shared among the parts of the logit in proportion.
        """
        if not isinstance(self.embedder, SeparableEmbedder):
            return super().explain(prompt)
        score = self.score_one(prompt)
        words, features = self.embedder.parts(prompt, self._direction)
        slope = secant(self._offset, self._offset + sum(part for _, part in (*words, *features)))
        parts = [Part("word", name, slope * part) for name, part in words]
        parts += [Part("feature", name, slope * part) for name, part in features]
        return Explanation(
            self.name,
            score,
            percentile_of(score, self.score_quantiles),
            average=win_rate(self._offset),
            parts=largest_first(parts),
        )

    async def ascore(self, prompts: Sequence[str]) -> Scores:
        """Return what `score` returns; an embedder with `aembed` is awaited, any other runs in a thread."""
        checked = check_prompts(prompts)
        if not checked or not isinstance(self.embedder, AsyncEmbedder):
            return await super().ascore(checked)
        return self._pair_scores(self._checked(await self.embedder.aembed(checked), checked))

    def pair_scores(self, prompts: Sequence[str], strong: str, weak: str) -> Scores:
        """Return P(`strong` preferred over `weak`) per prompt, shape (n,); ValueError for an unknown name."""
        difference = self._vector(strong, "strong") - self._vector(weak, "weak")  # (d,)
        projected = self._embed(prompts) @ self.projection.T + self.bias  # (n, d)
        return win_rates(projected @ difference)

    def for_pair(self, strong: str, weak: str) -> MatrixFactorizationRouter:
        """Return a router for another pair of `models`, without quantiles; ValueError for an unknown name."""
        return self._with(strong=strong, weak=weak, score_quantiles=None)

    def with_quantiles(self, score_quantiles: Scores) -> MatrixFactorizationRouter:
        """Return the same router with score quantiles, see `Router.score_quantiles`."""
        return self._with(score_quantiles=score_quantiles)

    def with_coverage(self, coverage: Coverage) -> MatrixFactorizationRouter:
        """Return the same router with what it was trained on, see `Router.coverage`."""
        return self._with(coverage=coverage)

    def training_similarity(self, prompts: Sequence[str]) -> Scores | None:
        """Return how near each prompt is to the training prompts, by its embedding; see `Router`."""
        return None if self.coverage is None else self.coverage.similarity(self._embed(prompts))

    def to_checkpoint(self) -> Checkpoint:
        """Describe this router and its embedder; raises TypeError where that does not say how it is saved."""
        parts = embedder_parts(self.embedder)
        tensors = {f"embedder.{name}": tensor for name, tensor in parts.tensors.items()}
        tensors |= {"model_vectors": self.model_vectors, "projection": self.projection, "bias": self.bias}
        if self.score_quantiles is not None:
            tensors["score_quantiles"] = self.score_quantiles
        if self.coverage is not None:
            tensors |= self.coverage.to_tensors()
        settings = {
            "models": list(self.models),
            "strong": self.strong,
            "weak": self.weak,
            "embedder": {"kind": parts.kind, **parts.settings},
        }
        return Checkpoint(KIND, settings, tensors, parts.files)

    @classmethod
    def from_checkpoint(
        cls, checkpoint: Checkpoint, *, embedder: Embedder | None = None
    ) -> MatrixFactorizationRouter:
        """Make the router that `to_checkpoint` described, with the embedder given or the one saved."""
        models = checkpoint.setting("models")
        if not isinstance(models, list):
            raise CheckpointError(f"{checkpoint.origin}: models is {models!r}, expected a list of names.")
        vectors = checkpoint.tensor("model_vectors", (len(models), None))
        with checkpoint.reading():
            return cls(
                embedder or read_embedder(checkpoint),
                models,
                vectors,
                checkpoint.tensor("projection", (vectors.shape[1], None)),
                checkpoint.tensor("bias", (vectors.shape[1],)),
                strong=checkpoint.setting("strong"),
                weak=checkpoint.setting("weak"),
                score_quantiles=checkpoint.score_quantiles,
                coverage=Coverage.from_checkpoint(checkpoint),
            )

    @classmethod
    def from_published(
        cls,
        folder: str | PathLike[str],
        *,
        embedder: Embedder | None = None,
        strong: str = STRONG,
        weak: str = WEAK,
    ) -> MatrixFactorizationRouter:
        """Load a checkpoint of the paper's authors: `model.safetensors`, no bias, no quantiles.

        `embedder` gives what text-embedding-3-small gives, and None asks OpenAI for it; the published
        thresholds are of the default pair. Raises CheckpointError, or ValueError for an unknown model.
        """
        from routellm_core.embedders.openai import OpenAIEmbedder

        found = read_published_factorization(folder)
        return cls(
            embedder or OpenAIEmbedder(),
            ARENA_MODELS,
            found.model_vectors,
            found.projection,
            strong=strong,
            weak=weak,
        )

    def _with(self, **changes: Any) -> MatrixFactorizationRouter:
        names = ("embedder", "models", "model_vectors", "projection", "bias", "strong", "weak")
        kept = {name: getattr(self, name) for name in (*names, "score_quantiles", "coverage")}
        return MatrixFactorizationRouter(**(kept | changes))

    def _pair_scores(self, embedded: npt.NDArray[np.float64]) -> Scores:
        # A sum per row and no matrix product: a prompt's score must not depend on the size of the batch.
        return win_rates((embedded * self._direction).sum(axis=1) + self._offset)

    def _vector(self, model: str, role: str) -> npt.NDArray[np.float64]:
        if model not in self.models:
            raise ValueError(
                f"{role} is {model!r}, which this router does not know: known are {list(self.models)}."
            )
        vector: npt.NDArray[np.float64] = self.model_vectors[self.models.index(model)]
        return vector

    def _embed(self, prompts: Sequence[str]) -> npt.NDArray[np.float64]:
        checked = check_prompts(prompts)
        return self._checked(self.embedder.embed(checked) if checked else np.zeros((0, self._width)), checked)

    def _checked(self, embeddings: object, prompts: list[str]) -> npt.NDArray[np.float64]:
        return check_width(embeddings, (len(prompts), self._width), self.embedder)
