"""ScorePlaces: from a router's score to its place among typical scores, and back."""

from __future__ import annotations

import numpy as np

from routellm_core.logits import Floats
from routellm_core.router import Router, quantile_grid

_STEP = 1e-9
"""Between the first and the last place: where many prompts have one score, the reader's order is kept."""


class ScorePlaces:
    """A distribution of scores, by evenly spaced quantiles."""

    def __init__(self, quantiles: Floats) -> None:
        """Store the quantiles, ascending."""
        self.quantiles = quantiles
        self._grid = quantile_grid(len(quantiles))
        self._values, which = np.unique(quantiles, return_inverse=True)
        # A score that many prompts have is in the middle of their places.
        self._middles = np.bincount(which, self._grid) / np.bincount(which)

    @classmethod
    def of_router(cls, router: Router) -> ScorePlaces:
        """Return the distribution that a router ships.

        Raises:
            TypeError: it is no Router.
            ValueError: it ships none.
        """
        quantiles = check_base(router).score_quantiles
        if quantiles is None:
            raise ValueError(
                f"router {router.name!r} ships no score quantiles, by which a reader's ratings are put "
                "on its scale. Take a router that does, such as load_router('default'), or for a hybrid your "
                "own prompts: HybridRouter.from_prompts(...)."
            )
        return cls(quantiles)

    def places(self, scores: Floats) -> Floats:
        """Return the share of typical scores below each score, shape (n,); ties count half."""
        places: Floats = np.interp(scores, self._values, self._middles)
        return places

    def scores(self, places: Floats) -> Floats:
        """Return the score at each place in [0, 1], shape (n,)."""
        found = np.interp(places, self._grid, self.quantiles) + _STEP * (places - 0.5)
        scores: Floats = np.clip(found, 0.0, 1.0)
        return scores


def check_base(base: Router) -> Router:
    """Return a base router.

    Raises:
        TypeError: it is something else, such as a router's name.
    """
    if not isinstance(base, Router):
        raise TypeError(f"base is {type(base).__name__}, expected a Router, such as load_router('default').")
    return base
