"""Fit the bilinear router: model vectors and a projection, from pairwise comparisons; numpy only.

The loss is the paper's (section 4): cross-entropy of σ(δ(a, q) − δ(b, q)) against who won. Differences: a tie
is a target of one half, each group of prompts may have its own base rate per model, and model vectors are
shrunk towards one axis of overall quality, because any two models share few comparisons (the paper's tiers
answer the same lack).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from routellm_core.training.lbfgs import minimise

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Comparisons:
    """c comparisons of two models' answers to the same prompt, each array of shape (c,).

    Attributes:
        row: the prompt, as a row of the embeddings.
        first: model a, as an index.
        second: model b, as an index.
        target: 1 where a won, 0 where b won, 0.5 for a tie.
        weight: how much the comparison counts, above 0.
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
        """Return the comparisons at which `keep`, shape (c,), is true."""
        return Comparisons(**{name: column[keep] for name, column in vars(self).items()})

    @classmethod
    def joined(cls, parts: Sequence[Comparisons]) -> Comparisons:
        """Return all comparisons of several parts, in order."""
        return cls(*(np.concatenate([vars(p)[name] for p in parts]) for name in cls.__dataclass_fields__))


@dataclass(frozen=True)
class MatrixFactorizationSettings:
    """How to fit.

    Attributes:
        dimension: d, the length of a model vector; at least 2.
        projection_penalty: λ of (λ/2)·‖W‖², in units of one comparison's weight.
        deviation_penalty: λ of (λ/2)·‖V − V₀‖², which holds model vectors near the axis of quality.
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
    """What was fitted: vectors (M, d), rows of length 1; projection (d, D); bias (d,)."""

    model_vectors: Floats
    projection: Floats
    bias: Floats

    def scaled(self, slope: float) -> MatrixFactorizationWeights:
        """Return weights whose every logit is `slope` times as large."""
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
) -> MatrixFactorizationWeights:
    """Fit model vectors and projection.

    Args:
        embeddings: shape (n, D), one row per prompt.
        comparisons: rows refer to `embeddings`, models to `qualities`.
        qualities: shape (M,), each model's overall strength in logits, from all its comparisons.
        settings: penalties, dimension, seed.

    Returns:
        The weights; the groups' own base rates are fitted beside them and left out.

    Raises:
        ValueError: no comparison, or a dimension below 2.
    """
    if not len(comparisons):
        raise ValueError("no comparisons to train on: give battles or labels of at least two models.")
    if settings.dimension < 2:
        raise ValueError(f"dimension is {settings.dimension}, expected at least 2.")
    d, n_models, width = settings.dimension, len(qualities), embeddings.shape[1]
    groups = int(comparisons.group.max()) + 1
    anchor = _quality_axis(qualities, d, settings.seed)  # (M, d)
    shapes = ((n_models, d), (d, width), (d,), (groups, n_models))
    edges = np.cumsum([int(np.prod(shape)) for shape in shapes])[:-1]
    at_first = comparisons.row * n_models + comparisons.first
    at_second = comparisons.row * n_models + comparisons.second
    base_first = comparisons.group * n_models + comparisons.first
    base_second = comparisons.group * n_models + comparisons.second
    cells = len(embeddings) * n_models

    def objective(flat: Floats) -> tuple[float, Floats]:
        raw, projection, bias, offsets = (
            part.reshape(shape) for part, shape in zip(np.split(flat, edges), shapes, strict=True)
        )
        norms = np.linalg.norm(raw, axis=1, keepdims=True)  # (M, 1)
        vectors = raw / norms  # (M, d)
        hidden = embeddings @ projection.T + bias  # (n, d)
        delta = (hidden @ vectors.T).ravel()  # (n·M,)
        base = offsets.ravel()
        z = delta[at_first] - delta[at_second] + base[base_first] - base[base_second]  # (c,)
        # −t·log σ(z) − (1−t)·log σ(−z) = log(1 + e^z) − t·z
        loss = float((comparisons.weight * (np.logaddexp(0.0, z) - comparisons.target * z)).sum())
        residual = comparisons.weight * (0.5 * (1.0 + np.tanh(0.5 * z)) - comparisons.target)  # (c,)
        by_cell = (np.bincount(at_first, residual, cells) - np.bincount(at_second, residual, cells)).reshape(
            len(embeddings), n_models
        )
        to_hidden = by_cell @ vectors  # (n, d)
        to_vectors = by_cell.T @ hidden  # (M, d)
        # through the normalisation: (I − v vᵀ) g / ‖raw‖
        to_raw = (to_vectors - vectors * (vectors * to_vectors).sum(axis=1, keepdims=True)) / norms
        size = groups * n_models
        to_offsets = np.bincount(base_first, residual, size) - np.bincount(base_second, residual, size)
        loss += 0.5 * settings.projection_penalty * float((projection**2).sum())
        loss += 0.5 * settings.deviation_penalty * float(((raw - anchor) ** 2).sum())
        loss += 0.5 * settings.offset_penalty * float((offsets**2).sum())
        gradient = np.concatenate(
            [
                (to_raw + settings.deviation_penalty * (raw - anchor)).ravel(),
                (to_hidden.T @ embeddings + settings.projection_penalty * projection).ravel(),
                to_hidden.sum(axis=0),
                to_offsets + settings.offset_penalty * base,
            ]
        )
        return loss, gradient

    start = np.concatenate([anchor.ravel(), np.zeros(int(np.prod(shapes[1])) + d + groups * n_models)])
    solution = minimise(objective, start, max_iterations=settings.max_iterations)
    raw, projection, bias, _ = (
        part.reshape(shape) for part, shape in zip(np.split(solution, edges), shapes, strict=True)
    )
    return MatrixFactorizationWeights(raw / np.linalg.norm(raw, axis=1, keepdims=True), projection, bias)


def calibration_slope(logits: Floats, comparisons: Comparisons) -> float:
    """Return the factor a that makes σ(a·z) the best win rates for held-out logits z, shape (c,).

    Shrinkage makes logits too small; this undoes as much of it as unseen prompts bear out (Platt's scaling
    without an intercept, for swapping the two models must turn P into 1 − P).
    """

    def objective(slope: Floats) -> tuple[float, Floats]:
        z = slope[0] * logits
        loss = float((comparisons.weight * (np.logaddexp(0.0, z) - comparisons.target * z)).sum())
        residual = comparisons.weight * (0.5 * (1.0 + np.tanh(0.5 * z)) - comparisons.target)
        return loss, np.array([float(residual @ logits)])

    return float(minimise(objective, np.ones(1))[0])


def _quality_axis(qualities: Floats, dimension: int, seed: int) -> Floats:
    # (M, d): (quality, 1, small noise): after normalisation two models differ mainly along the first axis,
    # and the noise lets the others take a direction of their own.
    rng = np.random.default_rng(seed)
    anchor = 0.01 * rng.standard_normal((len(qualities), dimension))
    spread = float(qualities.std())
    anchor[:, 0] = (qualities - qualities.mean()) / (2.0 * spread if spread > 0 else 1.0)
    anchor[:, 1] = 1.0
    return anchor
