"""Bradley-Terry: strengths from a table of wins, for many tables in one pass, by Newton's method.

The fit needs only a table of wins, so its cost does not depend on the number of battles.
"""

from __future__ import annotations

import numpy as np

from routellm_core.logits import Floats, win_rates
from routellm_core.routing.validation import check_positive

_ITERATIONS = 200
_TOLERANCE = 1e-8
"""Largest size of the last step, in logits. Newton's error after it is about its square."""

_ROUNDING = 1e-14
"""A step that lowers the loss by less than this share of all games is lost in rounding: a model that never
won is so far off that the loss hardly changes on the way, and no later step would be shorter."""


def bradley_terry_strengths(
    wins: Floats,
    penalty: float,
    *,
    anchor_wins: Floats | None = None,
    anchor_losses: Floats | None = None,
    start: Floats | None = None,
) -> Floats:
    """Fit P(i beats j) = 1 / (1 + e^(ξ_j − ξ_i)) to n tables of wins, each independently of the others.

    Minimizes Σ_ij wins_ij · log(1 + e^(ξ_j − ξ_i)) + (penalty/2) · Σ_i ξ_i².

    Args:
        wins: shape (n, m, m), not negative: [k, i, j] is the number or weight of i's wins over j; a tie is
            half a win for both. The diagonal is ignored.
        penalty: above 0; keeps the strength of a model that never won, or never lost, finite.
        anchor_wins: shape (n, m): wins over an opponent whose strength is fixed at 0.
        anchor_losses: shape (n, m): losses against it.
        start: shape (m,), where the search begins; 0 everywhere by default. It affects only the time.

    Returns:
        ξ in logits, shape (n, m); of mean 0 without an anchor.

    Raises:
        ValueError: a penalty that is not above 0, wins that are negative or not finite, or strengths so far
            apart that the fit does not end.
    """
    check_positive(penalty, "penalty")
    if not (np.isfinite(wins).all() and (wins >= 0.0).all()):
        raise ValueError("wins holds a value that is negative or not finite.")
    count = wins.shape[-1]
    wins = wins * (1.0 - np.eye(count))  # (n, m, m)
    games = wins + wins.swapaxes(1, 2)
    anchored = anchor_wins is not None or anchor_losses is not None
    won = np.zeros(wins.shape[:2]) if anchor_wins is None else anchor_wins  # (n, m)
    met = won + (0.0 if anchor_losses is None else anchor_losses)
    least_gain = _ROUNDING * (games.sum(axis=2) + met).sum(axis=1)  # (n,)
    strengths = np.zeros(wins.shape[:2])
    if start is not None:
        strengths += start if anchored else start - start.mean()
    done = np.zeros(len(wins), dtype=bool)
    diagonal = np.arange(count)
    for _ in range(_ITERATIONS):
        chance = win_rates(strengths[:, :, None] - strengths[:, None, :])  # (n, m, m)
        alone = win_rates(strengths)  # (n, m)
        gradient = (games * chance - wins).sum(axis=2) + met * alone - won + penalty * strengths
        curvature = games * chance * (1.0 - chance)
        held = curvature.sum(axis=2) + met * alone * (1.0 - alone) + penalty  # (n, m)
        hessian = -curvature
        hessian[:, diagonal, diagonal] += held
        if not anchored:
            # Only the penalty fixes the mean, which starts at 0: a ridge along it changes nothing.
            hessian += held.mean(axis=1)[:, None, None] / count
        step: Floats = -np.linalg.solve(hessian, gradient[:, :, None])[:, :, 0]
        reach = _reach(step, anchored)  # (n,)
        # Each table stops by itself: its result must not depend on the others.
        strengths = np.where(done[:, None], strengths, strengths + _damping(reach)[:, None] * step)
        done |= (reach < _TOLERANCE) | (-(gradient * step).sum(axis=1) < least_gain)
        if done.all():
            return strengths
    raise ValueError(
        f"the Bradley-Terry fit did not converge in {_ITERATIONS} steps: give a larger penalty than "
        f"{penalty!r}."
    )


def _reach(step: Floats, anchored: bool) -> Floats:
    # How far the difference of any two strengths moves; the anchor does not.
    high, low = step.max(axis=1), step.min(axis=1)
    return np.asarray(np.maximum(high, 0.0) - np.minimum(low, 0.0) if anchored else high - low)


def _damping(reach: Floats) -> Floats:
    # The logistic loss's third derivative is at most its second times the reach, so this share of Newton's
    # step lowers the loss from any point (Bach 2010, "Self-concordant analysis for logistic regression",
    # proposition 1); near the minimum it is all of the step.
    safe = np.maximum(reach, 1e-300)
    return np.asarray(np.where(reach > 0.0, np.log1p(safe) / safe, 1.0))
