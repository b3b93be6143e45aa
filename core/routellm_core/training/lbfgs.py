"""Limited-memory BFGS in numpy: minimizes a smooth function; deterministic, no dependency beyond numpy.

Nocedal & Wright, "Numerical Optimization", algorithms 7.4 (two-loop recursion) and 3.1 (backtracking).
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

Vector = npt.NDArray[np.float64]
Objective = Callable[[Vector], tuple[float, Vector]]
Watch = Callable[[int, Vector], bool]

_SUFFICIENT_DECREASE = 1e-4
_SHORTEST_STEP = 1e-10


def minimise(
    objective: Objective,
    start: Vector,
    *,
    max_iterations: int = 300,
    tolerance: float = 1e-7,
    memory: int = 20,
    watch: Watch | None = None,
) -> Vector:
    """Minimize `objective` from `start`.

    Args:
        objective: x -> (value, gradient), both at x; x has shape (p,).
        start: shape (p,).
        max_iterations: steps at most.
        tolerance: stop when a step lowers the value by less than this share of it.
        memory: curvature pairs kept.
        watch: called with each step's number, from 1, and its point; True ends the search there.

    Returns:
        The point of the lowest value found, shape (p,).
    """
    x = start.copy()
    value, gradient = objective(x)
    pairs: list[tuple[Vector, Vector]] = []
    for iteration in range(1, max_iterations + 1):
        direction = -_two_loop(gradient, pairs)
        slope = float(direction @ gradient)
        if slope >= 0.0:
            # Curvature from another region of a non-convex function: discard it.
            pairs, direction = [], -gradient
            slope = float(direction @ gradient)
        # Without curvature, the gradient's length says nothing about the distance to the minimum.
        step = 1.0 if pairs else min(1.0, 1.0 / (float(np.abs(gradient).sum()) + 1e-12))
        while True:
            candidate = x + step * direction
            new_value, new_gradient = objective(candidate)
            if new_value <= value + _SUFFICIENT_DECREASE * step * slope:
                break
            step *= 0.5
            if step < _SHORTEST_STEP:
                return x
        moved, turned = candidate - x, new_gradient - gradient
        if float(moved @ turned) > 1e-12 * float(turned @ turned):
            pairs = [*pairs[-(memory - 1) :], (moved, turned)]
        gained = value - new_value
        x, value, gradient = candidate, new_value, new_gradient
        told_to_end = watch is not None and watch(iteration, x)
        if told_to_end or gained <= tolerance * max(1.0, abs(value)):
            break
    return x


def _two_loop(gradient: Vector, pairs: list[tuple[Vector, Vector]]) -> Vector:
    q = gradient.copy()
    alphas = []
    for moved, turned in reversed(pairs):
        alpha = float(moved @ q) / float(moved @ turned)
        q -= alpha * turned
        alphas.append(alpha)
    if pairs:
        moved, turned = pairs[-1]
        q *= float(moved @ turned) / float(turned @ turned)
    for (moved, turned), alpha in zip(pairs, reversed(alphas), strict=True):
        q += (alpha - float(turned @ q) / float(moved @ turned)) * moved
    return q
