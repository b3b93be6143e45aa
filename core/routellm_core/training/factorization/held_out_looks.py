"""HeldOutLooks: early stopping of a matrix factorization, by its loss on prompts that it never saw."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from routellm_core.training.factorization.fit import MatrixFactorizationWeights


@dataclass(frozen=True)
class Look:
    """One look at a fit; losses are weighted mean cross-entropies in nats, without the penalties.

    Attributes:
        iterations: steps made until then.
        train_loss: on what the fit learns from.
        held_out_loss: on prompts it never sees.
        held_out_accuracy: share of held-out comparisons without a tie whose winner it foresees.
    """

    iterations: int
    train_loss: float
    held_out_loss: float
    held_out_accuracy: float


class HeldOutLooks:
    """Watches one fit: looks every so many steps, and ends it once the held-out loss has stopped falling."""

    def __init__(
        self,
        look: Callable[[int, MatrixFactorizationWeights], Look],
        *,
        interval: int,
        patience: int,
    ) -> None:
        """Store how to look.

        Args:
            look: (steps made, weights) -> what there is to see.
            interval: steps between two looks.
            patience: looks without a lower held-out loss after which the fit ends.
        """
        self._look = look
        self._interval = interval
        self._patience = patience
        self._looks: list[Look] = []
        self._iterations = 0

    def __call__(self, iterations: int, weights: MatrixFactorizationWeights) -> bool:
        """Take note of a step; True ends the fit."""
        self._iterations = iterations
        if iterations % self._interval:
            return False
        self._looks.append(self._look(iterations, weights))
        return len(self._looks) - 1 - self._looks.index(self._lowest()) >= self._patience

    def best(self, final: MatrixFactorizationWeights) -> Look:
        """Return the look of the lowest held-out loss, one at the weights where the fit ended among them."""
        if not self._looks or self._looks[-1].iterations != self._iterations:
            self._looks.append(self._look(self._iterations, final))
        return self._lowest()

    def _lowest(self) -> Look:
        return min(self._looks, key=lambda look: look.held_out_loss)
