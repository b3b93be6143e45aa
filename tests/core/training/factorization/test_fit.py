"""Fitting: the gradient, what is learned, and that it is learned the same way twice."""

import numpy as np
import numpy.typing as npt
import pytest

from routellm_core.training.factorization.fit import (
    Comparisons,
    MatrixFactorizationSettings,
    MatrixFactorizationWeights,
    PenalisedLoss,
    fit_matrix_factorization,
)

SETTINGS = MatrixFactorizationSettings(dimension=3, projection_penalty=0.1, deviation_penalty=1.0)


def comparisons(n: int = 400, seed: int = 0) -> tuple[npt.NDArray[np.float64], Comparisons]:
    """Prompts with one number x; "strong" (0) beats "weak" (1) the surer the larger x; 2 is like "weak"."""
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((n, 2))
    second = rng.integers(1, 3, n)
    won = rng.random(n) < 1 / (1 + np.exp(-(1.0 + 2.0 * x[:, 0])))
    return x, Comparisons(
        row=np.arange(n),
        first=np.zeros(n, dtype=np.int64),
        second=second,
        target=won.astype(np.float64),
        weight=np.ones(n),
        group=np.zeros(n, dtype=np.int64),
    )


QUALITIES = np.array([1.0, -0.5, -0.5])


def test_what_makes_strong_win_is_learned() -> None:
    x, data = comparisons()
    weights = fit_matrix_factorization(x, data, QUALITIES, SETTINGS)
    fresh, unseen = comparisons(seed=1)
    logits = weights.logits(fresh, unseen)

    assert np.corrcoef(logits, fresh[:, 0])[0, 1] > 0.97
    assert np.linalg.norm(weights.model_vectors, axis=1) == pytest.approx([1.0, 1.0, 1.0])


def test_the_same_inputs_give_the_same_bits_and_another_seed_others() -> None:
    x, data = comparisons()
    first, again = (fit_matrix_factorization(x, data, QUALITIES, SETTINGS) for _ in range(2))
    other = fit_matrix_factorization(x, data, QUALITIES, MatrixFactorizationSettings(dimension=3, seed=1))

    assert (first.projection == again.projection).all()
    assert (first.model_vectors == again.model_vectors).all()
    assert not np.array_equal(first.projection, other.projection)


def test_the_fit_is_a_minimum() -> None:
    # With the penalties in, moving any weight either way must not lower the loss: a check of the gradient.
    x, data = comparisons(n=60)
    settings = MatrixFactorizationSettings(
        dimension=2, projection_penalty=1.0, deviation_penalty=1e6, max_iterations=1000
    )
    weights = fit_matrix_factorization(x, data, QUALITIES, settings)

    def loss(projection: npt.NDArray[np.float64]) -> float:
        moved = MatrixFactorizationWeights(weights.model_vectors, projection, weights.bias)
        z = moved.logits(x, data)
        # the groups' own base rates are hidden, so compare with them profiled out
        offsets = np.linspace(-3, 3, 601)[:, None]
        cross = np.logaddexp(0.0, z + offsets) - data.target * (z + offsets)
        return float(cross.sum(axis=1).min()) + 0.5 * float((projection**2).sum())

    at_minimum = loss(weights.projection)
    for index in np.ndindex(weights.projection.shape):
        for step in (-0.2, 0.2):
            moved = weights.projection.copy()
            moved[index] += step
            assert loss(moved) > at_minimum - 1e-3


def test_the_gradient_is_the_loss_functions_slope() -> None:
    x, data = comparisons(n=30)
    grouped = Comparisons(**{**vars(data), "group": np.arange(30) % 3, "weight": np.linspace(0.1, 2.0, 30)})
    settings = MatrixFactorizationSettings(
        dimension=3, projection_penalty=0.7, deviation_penalty=0.3, offset_penalty=0.2
    )
    loss = PenalisedLoss(x, grouped, QUALITIES, settings)
    point = loss.start() + 0.3 * np.random.default_rng(0).standard_normal(len(loss.start()))
    _, gradient = loss(point)

    for index in range(len(point)):
        step = np.zeros(len(point))
        step[index] = 1e-5
        slope = (loss(point + step)[0] - loss(point - step)[0]) / 2e-5
        assert gradient[index] == pytest.approx(slope, rel=1e-5, abs=1e-6), index


def test_a_tie_is_half_a_win() -> None:
    x, data = comparisons()
    ties = Comparisons(**{**vars(data), "target": np.full(len(data), 0.5)})
    logits = fit_matrix_factorization(x, ties, QUALITIES, SETTINGS).logits(x, data)

    assert np.abs(logits).max() < 0.05


def test_groups_keep_their_base_rates_to_themselves() -> None:
    # In group 1 strong always wins, in group 0 by x; the groups differ in nothing else.
    x, data = comparisons()
    group = np.arange(len(data)) % 2
    shifted = Comparisons(**{**vars(data), "group": group, "target": np.where(group == 1, 1.0, data.target)})
    apart = fit_matrix_factorization(x, shifted, QUALITIES, SETTINGS)
    scaled = apart.scaled(2.0)

    assert scaled.logits(x, data) == pytest.approx(2.0 * apart.logits(x, data))
    assert np.corrcoef(apart.logits(x, data), x[:, 0])[0, 1] > 0.95


def test_nothing_to_train_on_is_refused() -> None:
    x, data = comparisons()
    with pytest.raises(ValueError, match="no comparisons to train on"):
        fit_matrix_factorization(x, data.where(np.zeros(len(data), dtype=bool)), QUALITIES, SETTINGS)
    with pytest.raises(ValueError, match="dimension is 1, expected a whole number of at least 2"):
        fit_matrix_factorization(x, data, QUALITIES, MatrixFactorizationSettings(dimension=1))
    with pytest.raises(ValueError, match="different lengths"):
        Comparisons(**{**vars(data), "row": data.row[:-1]})
