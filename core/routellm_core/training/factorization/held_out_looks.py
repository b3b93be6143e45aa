"""HeldOutLooks: early stopping of a matrix factorization, by its loss on prompts it never sees."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from routellm_core.training.factorization.fit import MatrixFactorizationWeights


@dataclass(frozen=True)
class Look:
    """One evaluation of a fit; losses are weighted mean cross-entropies in nats, without the penalties.

    Attributes:
        iterations: steps made so far.
        train_loss: on what the fit learns from.
        held_out_loss: on prompts it never sees.
        held_out_accuracy: share of held-out comparisons, ties aside, whose winner it predicts.
    """

    iterations: int
    train_loss: float
    held_out_loss: float
    held_out_accuracy: float


class HeldOutLooks:
    """Watches one fit: evaluates it at intervals, and ends it once the held-out loss stops falling."""

    def __init__(
        self,
        look: Callable[[int, MatrixFactorizationWeights], Look],
        *,
        interval: int,
        patience: int,
    ) -> None:
        """Store how to evaluate.

        Args:
            look: (steps made, weights) -> evaluation.
            interval: steps between evaluations.
            patience: evaluations without a lower held-out loss before the fit ends.
        """
        self._look = look
        self._interval = interval
        self._patience = patience
        self._looks: list[Look] = []
        self._iterations = 0

    def __call__(self, iterations: int, weights: MatrixFactorizationWeights) -> bool:
        """Record a step; True ends the fit."""
        self._iterations = iterations
        if iterations % self._interval:
            return False
        self._looks.append(self._look(iterations, weights))
        return len(self._looks) - 1 - self._looks.index(self._lowest()) >= self._patience

    def best(self, final: MatrixFactorizationWeights) -> Look:
        """Return the evaluation with the lowest held-out loss, including one of the final weights."""
        if not self._looks or self._looks[-1].iterations != self._iterations:
            self._looks.append(self._look(self._iterations, final))
        return self._lowest()

    def _lowest(self) -> Look:
        return min(self._looks, key=lambda look: look.held_out_loss)
