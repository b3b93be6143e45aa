"""Early stopping of a matrix factorization: when it looks, when it ends, and what it takes."""

from typing import Any

import numpy as np
import pytest

from routellm_core.training.factorization.fit import MatrixFactorizationWeights
from routellm_core.training.factorization.held_out_looks import HeldOutLooks, Look

WEIGHTS = MatrixFactorizationWeights(np.eye(2), np.zeros((2, 3)), np.zeros(2))


def run(losses: list[float], *, interval: int, patience: int) -> tuple[int, list[int], Look]:
    """Give a fit of len(losses) steps whose held-out loss after step n is losses[n - 1].

    Returns:
        The step it ended at, the steps it looked at, and the look it took.
    """
    seen: list[int] = []

    def look(iterations: int, weights: Any) -> Look:
        seen.append(iterations)
        return Look(iterations, 0.0, losses[iterations - 1], 0.5)

    looks = HeldOutLooks(look, interval=interval, patience=patience)
    for step in range(1, len(losses) + 1):
        if looks(step, WEIGHTS):
            break
    return step, list(seen), looks.best(WEIGHTS)


@pytest.mark.parametrize(("patience", "ended", "taken"), [(1, 3, 2), (2, 4, 2), (3, 8, 5)])
def test_it_ends_after_so_many_looks_without_a_lower_loss(patience: int, ended: int, taken: int) -> None:
    losses = [0.9, 0.6, 0.7, 0.65, 0.5, 0.5, 0.6, 0.8]
    step, seen, best = run(losses, interval=1, patience=patience)

    assert step == ended
    assert seen == list(range(1, ended + 1))
    assert (best.iterations, best.held_out_loss) == (taken, losses[taken - 1])


def test_it_looks_every_so_many_steps_and_at_the_end() -> None:
    losses = [0.9 - 0.05 * n for n in range(8)]
    step, seen, best = run(losses, interval=3, patience=2)

    assert (step, seen, best.iterations) == (8, [3, 6], 8)


def test_an_end_that_is_worse_is_not_taken() -> None:
    _, _, best = run([0.9, 0.5, 0.6], interval=2, patience=5)
    assert best.iterations == 2


def test_a_fit_without_a_step_is_looked_at_where_it_began() -> None:
    looks = HeldOutLooks(lambda step, weights: Look(step, 0.0, 0.7, 0.5), interval=5, patience=1)
    assert looks.best(WEIGHTS).iterations == 0
