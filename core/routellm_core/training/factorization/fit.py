"""Fit the bilinear router: model vectors and a projection, from pairwise comparisons; numpy only.

The loss is the paper's (section 4): cross-entropy of σ(δ(a, q) − δ(b, q)) against who won. Differences: a tie
is a target of one half, each group of prompts may have its own base rate per model, and model vectors are
shrunk toward one axis of overall quality, because any two models share few comparisons (the paper's tiers
address the same sparsity).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from routellm_core.logits import Floats, cross_entropy
from routellm_core.routing.validation import check_count
from routellm_core.training.lbfgs import minimise

Integers = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Comparisons:
    """c comparisons of two models' answers to the same prompt, each array of shape (c,).

    Attributes:
        row: the prompt, as a row of the embeddings.
        first: model a, as an index.
        second: model b, as an index.
        target: 1 if a won, 0 if b won, 0.5 for a tie.
        weight: weight of the comparison, above 0.
        group: prompts that share base rates, such as one benchmark's category, as an index.
    """

    row: Integers
    first: Integers
    second: Integers
    target: Floats
    weight: Floats
    group: Integers

    def __post_init__(self) -> None:
        lengths = {len(column) for column in vars(self).values()}
        if len(lengths) != 1:
            raise ValueError(f"the columns of Comparisons have different lengths: {sorted(lengths)}.")

    def __len__(self) -> int:
        return len(self.row)

    def where(self, keep: npt.NDArray[np.bool_]) -> Comparisons:
        """Return the comparisons for which `keep`, shape (c,), is true."""
        return Comparisons(**{name: column[keep] for name, column in vars(self).items()})


@dataclass(frozen=True)
class MatrixFactorizationSettings:
    """How to fit.

    Attributes:
        dimension: d, the length of a model vector; at least 2.
        projection_penalty: λ of (λ/2)·‖W‖², in units of one comparison's weight.
        deviation_penalty: λ of (λ/2)·‖V − V₀‖², which keeps model vectors near the axis of quality.
        offset_penalty: λ of (λ/2)·‖O‖² on the groups' base rates.
        seed: for the starting point.
        max_iterations: steps of L-BFGS at most.
    """

    dimension: int = 8
    projection_penalty: float = 100.0
    deviation_penalty: float = 100.0
    offset_penalty: float = 0.1
    seed: int = 0
    max_iterations: int = 200


@dataclass(frozen=True)
class MatrixFactorizationWeights:
    """The fitted weights: vectors (M, d), rows of length 1; projection (d, D); bias (d,)."""

    model_vectors: Floats
    projection: Floats
    bias: Floats

    def scaled(self, slope: float) -> MatrixFactorizationWeights:
        """Return weights with every logit scaled by `slope`."""
        return MatrixFactorizationWeights(self.model_vectors, self.projection * slope, self.bias * slope)

    def logits(self, embeddings: Floats, comparisons: Comparisons) -> Floats:
        """Return δ(a, q) − δ(b, q) of each comparison, shape (c,), from embeddings of shape (n, D)."""
        delta = (embeddings @ self.projection.T + self.bias) @ self.model_vectors.T  # (n, M)
        flat = delta.ravel()
        start = comparisons.row * delta.shape[1]
        difference: Floats = flat[start + comparisons.first] - flat[start + comparisons.second]
        return difference


def fit_matrix_factorization(
    embeddings: Floats,
    comparisons: Comparisons,
    qualities: Floats,
    settings: MatrixFactorizationSettings,
    *,
    watch: Callable[[int, MatrixFactorizationWeights], bool] | None = None,
) -> MatrixFactorizationWeights:
    """Fit model vectors and projection.

    Args:
        embeddings: shape (n, D), one row per prompt.
        comparisons: rows refer to `embeddings`, models to `qualities`.
        qualities: shape (M,), each model's overall strength in logits, from all its comparisons.
        settings: penalties, dimension, seed.
        watch: called with each step's number and weights; True ends the fit there.

    Returns:
        The weights; the groups' own base rates are fitted beside them and left out.

    Raises:
        ValueError: no comparison, or a dimension below 2.
    """
    if not len(comparisons):
        raise ValueError("no comparisons to train on: give battles or labels of at least two models.")
    check_count(settings.dimension, "dimension", at_least=2)
    loss = PenalisedLoss(embeddings, comparisons, qualities, settings)
    found = minimise(
        loss,
        loss.start(),
        max_iterations=settings.max_iterations,
        watch=None if watch is None else lambda step, flat: watch(step, loss.weights(flat)),
    )
    return loss.weights(found)


class PenalisedLoss:
    """The objective of `fit_matrix_factorization`, as a function of all parameters in one flat vector.

    The parameters are model vectors before normalization V (M, d), projection W (d, D), bias b (d,) and the
    groups' base rates O (groups, M).
    """

    def __init__(
        self,
        embeddings: Floats,
        comparisons: Comparisons,
        qualities: Floats,
        settings: MatrixFactorizationSettings,
    ) -> None:
        d, n_models = settings.dimension, len(qualities)
        groups = int(comparisons.group.max()) + 1
        self._embeddings = embeddings
        self._data = comparisons
        self._settings = settings
        self._anchor = _quality_axis(qualities, d, settings.seed)  # (M, d)
        self._shapes = ((n_models, d), (d, embeddings.shape[1]), (d,), (groups, n_models))
        # where each comparison's two models are in the flattened (n, M) and (groups, M) arrays
        self._first = comparisons.row * n_models + comparisons.first
        self._second = comparisons.row * n_models + comparisons.second
        self._base_first = comparisons.group * n_models + comparisons.first
        self._base_second = comparisons.group * n_models + comparisons.second

    def start(self) -> Floats:
        """Return the starting point: model vectors on the axis of quality, all else 0."""
        rest = sum(int(np.prod(shape)) for shape in self._shapes[1:])
        return np.concatenate([self._anchor.ravel(), np.zeros(rest)])

    def weights(self, flat: Floats) -> MatrixFactorizationWeights:
        """Return the router's part of the parameters."""
        raw, projection, bias, _ = self._split(flat)
        return MatrixFactorizationWeights(raw / np.linalg.norm(raw, axis=1, keepdims=True), projection, bias)

    def __call__(self, flat: Floats) -> tuple[float, Floats]:
        """Return the loss and its gradient, shape (p,), at a point of shape (p,)."""
        raw, projection, bias, offsets = self._split(flat)
        settings = self._settings
        norms = np.linalg.norm(raw, axis=1, keepdims=True)  # (M, 1)
        vectors = raw / norms  # (M, d)
        hidden = self._embeddings @ projection.T + bias  # (n, d)
        delta = hidden @ vectors.T  # (n, M)
        z = self._differences(delta.ravel(), offsets.ravel())  # (c,)
        loss, residual = cross_entropy(z, self._data.target, self._data.weight)
        to_delta = _scattered(residual, self._first, self._second, delta.shape)  # (n, M)
        to_hidden = to_delta @ vectors  # (n, d)
        to_vectors = to_delta.T @ hidden  # (M, d)
        # through the normalization: (I − v vᵀ) g / ‖raw‖
        to_raw = (to_vectors - vectors * (vectors * to_vectors).sum(axis=1, keepdims=True)) / norms
        to_offsets = _scattered(residual, self._base_first, self._base_second, offsets.shape)
        moved = raw - self._anchor
        loss += 0.5 * settings.deviation_penalty * float((moved**2).sum())
        loss += 0.5 * settings.projection_penalty * float((projection**2).sum())
        loss += 0.5 * settings.offset_penalty * float((offsets**2).sum())
        gradient = (
            to_raw + settings.deviation_penalty * moved,
            to_hidden.T @ self._embeddings + settings.projection_penalty * projection,
            to_hidden.sum(axis=0),
            to_offsets + settings.offset_penalty * offsets,
        )
        return loss, np.concatenate([part.ravel() for part in gradient])

    def _split(self, flat: Floats) -> list[Floats]:
        edges = np.cumsum([int(np.prod(shape)) for shape in self._shapes])[:-1]
        return [part.reshape(shape) for part, shape in zip(np.split(flat, edges), self._shapes, strict=True)]

    def _differences(self, delta: Floats, base: Floats) -> Floats:
        own = delta[self._first] - delta[self._second]
        shared = base[self._base_first] - base[self._base_second]
        difference: Floats = own + shared
        return difference


def _scattered(values: Floats, plus: Integers, minus: Integers, shape: tuple[int, ...]) -> Floats:
    # Adds each value at one place and subtracts it at the other.
    size = int(np.prod(shape))
    scattered = np.bincount(plus, values, size).astype(np.float64)
    scattered -= np.bincount(minus, values, size)
    return scattered.reshape(shape)


def _quality_axis(qualities: Floats, dimension: int, seed: int) -> Floats:
    # (M, d): (quality, 1, small noise): after normalization two models differ mainly along the first axis,
    # and the noise lets the others take a direction of their own.
    rng = np.random.default_rng(seed)
    anchor = 0.01 * rng.standard_normal((len(qualities), dimension))
    spread = float(qualities.std())
    anchor[:, 0] = (qualities - qualities.mean()) / (2.0 * spread if spread > 0 else 1.0)
    anchor[:, 1] = 1.0
    return anchor
