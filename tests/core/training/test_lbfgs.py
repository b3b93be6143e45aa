"""The optimiser: that it finds a minimum."""

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
