"""MatrixFactorizationRouter: the paper's bilinear scorer over model vectors and a projected prompt embedding.

Differs from the published code in that the embedder is passed in, a bias is allowed (the paper has one), and
any pair of known models can be scored; the fixed pair is folded into one vector.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from routellm_core.checkpoints import Checkpoint, CheckpointError
from routellm_core.coverage import Coverage
from routellm_core.embedders.embedder import Embedder, FoldableEmbedder, SavableEmbedder, read_embedder
from routellm_core.router import Router, Scores, check_prompts

KIND = "matrix_factorization"


class MatrixFactorizationRouter(Router):
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
        self.model_vectors = model_vectors.astype(np.float64) / lengths  # (M, d)
        self.projection = projection.astype(np.float64)  # (d, D)
        self.bias = np.zeros(len(projection)) if bias is None else bias.astype(np.float64)  # (d,)
        if self.bias.shape != (len(projection),):
            raise ValueError(f"bias has shape {self.bias.shape}, expected ({len(projection)},).")
        self.strong = strong
        self.weak = weak
        difference = self._vector(strong, "strong") - self._vector(weak, "weak")  # (d,)
        self._direction = self.projection.T @ difference  # (D,)
        self._offset = float(self.bias @ difference)
        self._folded: Callable[[str], float] | None = None
        if isinstance(embedder, FoldableEmbedder):
            self._folded = embedder.folded(self._direction)
        self.score_quantiles = score_quantiles
        self.coverage = coverage
        self.scores_inline = bool(getattr(embedder, "scores_inline", False))

    def score(self, prompts: Sequence[str]) -> Scores:
        """Return P(strong preferred) per prompt, shape (n,), by the folded pair: σ(e · u + c)."""
        if self._folded is None:
            # A sum per row and no matrix product: a prompt's score must not depend on the size of the batch.
            return _sigmoid((self._embed(prompts) * self._direction).sum(axis=1) + self._offset)
        folded = self._folded
        logits = [folded(text) + self._offset for text in check_prompts(prompts)]
        return np.array([_win_rate(logit) for logit in logits], dtype=np.float64)

    def score_one(self, prompt: str) -> float:
        """Return P(strong preferred) of one prompt, in plain numbers where the embedder can be folded."""
        if self._folded is None:
            return super().score_one(prompt)
        return _win_rate(self._folded(prompt) + self._offset)

    def win_rates(self, prompts: Sequence[str], strong: str, weak: str) -> Scores:
        """Return P(`strong` preferred over `weak`) per prompt, shape (n,), for any two known models.

        Raises:
            ValueError: a name that is not among `models`.
        """
        difference = self._vector(strong, "strong") - self._vector(weak, "weak")  # (d,)
        projected = self._embed(prompts) @ self.projection.T + self.bias  # (n, d)
        return _sigmoid(projected @ difference)

    def for_pair(self, strong: str, weak: str) -> MatrixFactorizationRouter:
        """Return a router for another pair of known models; it has no score quantiles.

        Raises:
            ValueError: a name that is not among `models`.
        """
        return self._with(strong=strong, weak=weak, score_quantiles=None)

    def with_quantiles(self, score_quantiles: Scores) -> MatrixFactorizationRouter:
        """Return the same router with score quantiles, see `Router.score_quantiles`."""
        return self._with(score_quantiles=score_quantiles)

    def with_coverage(self, coverage: Coverage) -> MatrixFactorizationRouter:
        """Return the same router with what it was trained on, see `Router.coverage`."""
        return self._with(coverage=coverage)

    def with_model(self, model: str, vector: npt.NDArray[np.float64]) -> MatrixFactorizationRouter:
        """Return the same router with one model more.

        Args:
            model: its name.
            vector: shape (d,); brought to length 1.

        Raises:
            ValueError: a name that is known already, or another shape.
        """
        if vector.shape != (len(self.projection),):
            raise ValueError(f"vector has shape {vector.shape}, expected ({len(self.projection)},).")
        return self._with(models=(*self.models, model), model_vectors=np.vstack([self.model_vectors, vector]))

    def training_similarity(self, prompts: Sequence[str]) -> Scores | None:
        """Return how near each prompt is to the training prompts, by its embedding; see `Router`."""
        return None if self.coverage is None else self.coverage.similarity(self._embed(prompts))

    def to_checkpoint(self) -> Checkpoint:
        """Describe this router, its embedder included.

        Raises:
            TypeError: the embedder does not say how it is saved.
        """
        if not isinstance(self.embedder, SavableEmbedder):
            raise TypeError(
                f"the embedder {type(self.embedder).__name__} cannot be saved with the router: "
                "it defines no to_parts() and from_checkpoint()."
            )
        parts = self.embedder.to_parts()
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
    def from_checkpoint(cls, checkpoint: Checkpoint) -> MatrixFactorizationRouter:
        """Make the router that `to_checkpoint` described."""
        models = checkpoint.setting("models")
        if not isinstance(models, list):
            raise CheckpointError(f"{checkpoint.origin}: models is {models!r}, expected a list of names.")
        vectors = checkpoint.tensor("model_vectors", (len(models), None))
        quantiles = None
        if "score_quantiles" in checkpoint.tensors:
            quantiles = checkpoint.tensor("score_quantiles", (None,)).astype(np.float64)
        try:
            return cls(
                read_embedder(checkpoint),
                models,
                vectors,
                checkpoint.tensor("projection", (vectors.shape[1], None)),
                checkpoint.tensor("bias", (vectors.shape[1],)),
                strong=checkpoint.setting("strong"),
                weak=checkpoint.setting("weak"),
                score_quantiles=quantiles,
                coverage=Coverage.from_checkpoint(checkpoint),
            )
        except CheckpointError:
            raise
        except ValueError as error:
            raise CheckpointError(f"{checkpoint.origin}: {error}") from error

    def __copy__(self) -> MatrixFactorizationRouter:
        """Return this object: it never changes."""
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> MatrixFactorizationRouter:
        """Return this object: it never changes, and its table need not exist twice."""
        return self

    def _with(self, **changes: Any) -> MatrixFactorizationRouter:
        kept = ("embedder", "models", "model_vectors", "projection", "bias", "strong", "weak")
        optional = ("score_quantiles", "coverage")
        return MatrixFactorizationRouter(
            **({name: getattr(self, name) for name in (*kept, *optional)} | changes)
        )

    def _vector(self, model: str, role: str) -> npt.NDArray[np.float64]:
        if model not in self.models:
            raise ValueError(
                f"{role} is {model!r}, which this router does not know: known are {list(self.models)}."
            )
        vector: npt.NDArray[np.float64] = self.model_vectors[self.models.index(model)]
        return vector

    def _embed(self, prompts: Sequence[str]) -> npt.NDArray[np.float64]:
        checked = check_prompts(prompts)
        wanted = (len(checked), self.projection.shape[1])
        if not checked:
            return np.zeros(wanted)
        embedded = np.asarray(self.embedder.embed(checked), dtype=np.float64)
        if embedded.shape != wanted:
            raise ValueError(
                f"{type(self.embedder).__name__}.embed() returned shape {embedded.shape}, expected {wanted}."
            )
        return embedded


def _win_rate(logit: float) -> float:
    # For one prompt, numpy's own start-up would take longer than all the rest.
    return 0.5 * (1.0 + math.tanh(0.5 * logit))


def _sigmoid(logits: npt.NDArray[np.float64]) -> Scores:
    # σ(x) = (1 + tanh(x/2)) / 2 never overflows.
    return 0.5 * (1.0 + np.tanh(0.5 * logits))
