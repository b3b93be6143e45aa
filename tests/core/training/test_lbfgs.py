"""The optimiser: that it finds a minimum, and ends when it is asked to."""

from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from routellm_core.training.lbfgs import minimise


def test_lbfgs_finds_the_minimum_of_a_curved_valley() -> None:
    def rosenbrock(x: npt.NDArray[np.float64]) -> tuple[float, npt.NDArray[np.float64]]:
        a, b = x
        gradient = np.array([-2 * (1 - a) - 400 * a * (b - a * a), 200 * (b - a * a)])
        return float((1 - a) ** 2 + 100 * (b - a * a) ** 2), gradient

    found = minimise(rosenbrock, np.array([-1.2, 1.0]), max_iterations=500, tolerance=1e-14)
    assert found == pytest.approx([1.0, 1.0], abs=1e-4)


def test_a_watch_ends_the_search() -> None:
    steps: list[int] = []

    def watch(step: int, point: Any) -> bool:
        steps.append(step)
        return step == 3

    found = minimise(lambda x: (float((x**4).sum()), 4 * x**3), np.full(2, 9.0), watch=watch)
    assert steps == [1, 2, 3]
    assert found[0] > 1.0
