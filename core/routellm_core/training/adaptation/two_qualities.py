"""TwoQualities: both models' answers predicted together, as a shared difficulty and what sets them apart.

f_s = u + v and f_w = u − v with u and v linear in a prompt; the cross-entropy of both qualities, summed over
the labels, + λ_g/2 |g|² + λ_h/2 |h − h₀|². The weak model's mistakes, which every label shows, tell most of
what a prompt's difficulty is; h₀ is the base router's say.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from routellm_core.logits import Floats, cross_entropy, win_rates

_STEPS = 50
_TINY = 1e-6
"""Penalty of intercepts: nearly free, so that labels of one class alone still have a best fit."""


@dataclass(frozen=True)
class Penalties:
    """How strongly the fit is held back; fixed, since choosing by cross-validation costs more than it gains.

    Attributes:
        shared: λ_g, of the difficulty that both models share.
        apart: λ_h, of what sets them apart.
        prior: of the base router's weights, around their start.
        alone: labels of one model alone that count in full; more of them share that weight. They say what is
            difficult and not where the other model helps, so they must not outvote the base router.
        prior_weight: where the base router's weight in v starts, in logits per standard deviation.
        few: of n labels, shared, apart and prior are 1 + few / n times as strong: a few labels do harm more
            often than they help much.
    """

    shared: float = 20.0
    apart: float = 30.0
    prior: float = 100.0
    prior_weight: float = 0.3
    alone: float = 100.0
    few: float = 150.0


@dataclass(frozen=True, eq=False)
class TwoQualities:
    """A fit; arrays of two are of the strong and the weak model.

    Attributes:
        weights: shape (D, 2), of the prompt's numbers.
        prior: shape (2,), of the base router's standardised logit.
        intercepts: shape (2,).
        left_out: shape (n, 2), the logits of each labelled prompt by a fit without its own label, to first
            order (one Newton step); None if nobody asked.
    """

    weights: Floats
    prior: Floats
    intercepts: Floats
    left_out: Floats | None

    def logits(self, z: Floats, prior: Floats) -> Floats:
        """Return both logits, shape (n, 2), of prompts z, shape (n, D), with the prior's, shape (n,)."""
        found: Floats = z @ self.weights + prior[:, None] * self.prior + self.intercepts
        return found


def gains(logits: Floats) -> Floats:
    """Return σ(f_s) − σ(f_w), shape (n,): what the strong model is expected to gain."""
    qualities = win_rates(logits)
    found: Floats = qualities[:, 0] - qualities[:, 1]
    return found


def fit_two_qualities(
    z: Floats,
    prior: Floats,
    qualities: Floats,
    votes: npt.NDArray[np.bool_],
    penalties: Penalties,
    *,
    leave_out: bool = True,
) -> TwoQualities:
    """Fit by Newton's method.

    Args:
        z: shape (n, D), centred.
        prior: shape (n,), the base router's standardised logit.
        qualities: shape (n, 2) in [0, 1], NaN where unknown.
        votes: shape (n,), True for rows of battles: they have intercepts of their own, since no battle has
            two winners.
        penalties: how strongly it is held back.
        leave_out: whether the logits without each label are wanted.
    """
    reduced, back = _reduced(z)  # (n, r), (r, D)
    rows = _Rows(reduced, prior, qualities, votes, penalties)
    point = rows.start()
    loss, logits = rows.loss(point)
    for _ in range(_STEPS):
        gradient, hessian = rows.derivatives(point, logits)
        step = np.linalg.solve(hessian, gradient)
        length = 1.0
        while True:
            candidate = point - length * step
            new_loss, new_logits = rows.loss(candidate)
            if new_loss <= loss or length < _TINY:
                break
            length *= 0.5
        gained = loss - new_loss
        if gained < 0.0:
            break
        point, loss, logits = candidate, new_loss, new_logits
        if gained <= 1e-9 * max(1.0, abs(loss)):
            break
    u, v = np.split(point, 2)
    both = np.stack([u + v, u - v], axis=1)  # (r + 3, 2)
    width = reduced.shape[1]
    used = int(votes.mean() > 0.5)
    return TwoQualities(
        weights=back.T @ both[:width],
        prior=both[width],
        intercepts=both[width + 1 + used],
        left_out=rows.left_out(logits, point) if leave_out else None,
    )


class _Rows:
    def __init__(
        self,
        reduced: Floats,
        prior: Floats,
        qualities: Floats,
        votes: npt.NDArray[np.bool_],
        penalties: Penalties,
    ) -> None:
        self.known = np.isfinite(qualities).astype(np.float64)  # (n, 2)
        alone = self.known.sum(axis=1) == 1.0
        self.known[alone] *= min(1.0, penalties.alone / max(1, int(alone.sum())))
        self.qualities = np.where(self.known > 0.0, qualities, 0.0)
        self.design = np.column_stack([reduced, prior, ~votes, votes])  # (n, r + 3)
        width = reduced.shape[1]
        free = [_TINY, _TINY]
        times = 1.0 + penalties.few / len(qualities)
        shared = [np.full(width, times * penalties.shared), [times * penalties.prior], free]
        apart = [np.full(width, times * penalties.apart), [times * penalties.prior], free]
        self.penalty = np.concatenate([*shared, *apart])  # (2 r + 6,)
        self.centre = np.zeros_like(self.penalty)
        self.centre[self.design.shape[1] + width] = penalties.prior_weight
        self.votes = votes

    def start(self) -> Floats:
        """Return the centre, with intercepts that give each kind of label its mean."""
        point = self.centre.copy()
        size = self.design.shape[1]
        for column, chosen in ((size - 2, ~self.votes), (size - 1, self.votes)):
            strong, weak = self._mean_logits(chosen)
            point[column], point[size + column] = (strong + weak) / 2, (strong - weak) / 2
        # Where nobody graded the strong model its intercept can't be fitted: it stays at this guess.
        self.centre[[size - 2, size - 1, 2 * size - 2, 2 * size - 1]] = point[
            [size - 2, size - 1, 2 * size - 2, 2 * size - 1]
        ]
        return point

    def _mean_logits(self, chosen: npt.NDArray[np.bool_]) -> tuple[float, float]:
        found: list[float | None] = []
        for side in (0, 1):
            told = self.qualities[chosen & (self.known[:, side] > 0.0), side]
            mean = (told.sum() + 0.5) / (len(told) + 1.0)
            found.append(float(np.log(mean / (1.0 - mean))) if len(told) else None)
        strong, weak = found
        if strong is None:
            return (0.0 if weak is None else weak + 1.0), (0.0 if weak is None else weak)
        return strong, (strong - 1.0 if weak is None else weak)

    def loss(self, point: Floats) -> tuple[float, Floats]:
        u, v = (self.design @ half for half in np.split(point, 2))
        logits = np.stack([u + v, u - v], axis=1)  # (n, 2)
        entropy, _ = cross_entropy(logits, self.qualities, self.known)
        return entropy + 0.5 * float((self.penalty * (point - self.centre) ** 2).sum()), logits

    def derivatives(self, point: Floats, logits: Floats) -> tuple[Floats, Floats]:
        rates = win_rates(logits)
        residual = (rates - self.qualities) * self.known
        curve = rates * (1.0 - rates) * self.known
        gradient = np.concatenate(
            [self.design.T @ residual.sum(axis=1), self.design.T @ (residual[:, 0] - residual[:, 1])]
        )
        same = self.design.T @ (self.design * curve.sum(axis=1)[:, None])
        cross = self.design.T @ (self.design * (curve[:, 0] - curve[:, 1])[:, None])
        hessian = np.block([[same, cross], [cross, same]])
        hessian[np.diag_indices_from(hessian)] += self.penalty
        return gradient + self.penalty * (point - self.centre), hessian

    def left_out(self, logits: Floats, point: Floats) -> Floats:
        """Return each row's logits without its own label: one Newton step, the intercepts kept.

        An intercept that moves away from each label left out would order them by their own labels, reversed.
        """
        _, hessian = self.derivatives(point, logits)
        size = self.design.shape[1]
        slopes = np.concatenate([np.arange(size - 2), size + np.arange(size - 2)])
        inverse = np.linalg.inv(hessian[np.ix_(slopes, slopes)])
        design, half = self.design[:, :-2], size - 2
        # (n,): how u and v of a row answer to a step along that row
        uu = np.einsum("ij,ij->i", design @ inverse[:half, :half], design)
        uv = np.einsum("ij,ij->i", design @ inverse[:half, half:], design)
        vv = np.einsum("ij,ij->i", design @ inverse[half:, half:], design)
        moved = np.empty((len(design), 2, 2))
        moved[:, 0, 0], moved[:, 1, 1] = uu + 2 * uv + vv, uu - 2 * uv + vv
        moved[:, 0, 1] = moved[:, 1, 0] = uu - vv
        rates = win_rates(logits)
        residual = (rates - self.qualities) * self.known
        curve = rates * (1.0 - rates) * self.known
        rest = np.eye(2) - curve[:, :, None] * moved
        found: Floats = logits + (moved @ np.linalg.solve(rest, residual[:, :, None]))[:, :, 0]
        return found


def _reduced(z: Floats) -> tuple[Floats, Floats]:
    """Return the rows in as many numbers as there are rows, if those are fewer, and the way back, (r, D)."""
    if len(z) >= z.shape[1]:
        return z, np.eye(z.shape[1])
    left, sizes, right = np.linalg.svd(z, full_matrices=False)
    return left * sizes, right
