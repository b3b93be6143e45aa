"""HybridRouter: a reader is asked about the prompts near the threshold, where the base router is least sure.

The scores are on the base's scale: outside the band they are the base's own, and inside it the reader's order
takes the place of the base's. So thresholds, shares and quantiles mean what they mean for the base.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from routellm_core.checkpoints.checkpoint import Checkpoint, CheckpointError
from routellm_core.checkpoints.explanation import Explanation
from routellm_core.checkpoints.percentile import percentile_of
from routellm_core.preferences.judging.responder import Responder
from routellm_core.reader.based_router import BasedRouter
from routellm_core.reader.prompt_reader import ReaderWarning
from routellm_core.reader.rating_scale import RatingScale
from routellm_core.reader.reader_router import ReaderRouter, base_scores, explained, reader_settings
from routellm_core.reader.saved_responder import saved_responder
from routellm_core.reader.score_places import ScorePlaces, check_base
from routellm_core.router import (
    Router,
    Scores,
    check_prompts,
    quantiles_of,
)
from routellm_core.routing.reading_stats import ReadingStats
from routellm_core.routing.validation import check_fraction

KIND = "hybrid"

_NEAR = 0.005
"""How far a threshold that is found by quantiles may be from the place that it stands for."""

Inside = npt.NDArray[np.bool_]


class HybridRouter(BasedRouter):
    """Inside the band, score = the base's score at the place low + (high - low) · the rating's place.

    Outside it is the base's own. low and high are the shares of typical prompts that score lower than the
    band's ends.
    """

    def __init__(
        self,
        base: Router,
        reader: ReaderRouter,
        band: float = 0.2,
        *,
        strong_share: float | None = None,
        threshold: float | None = None,
        quantiles: Scores | None = None,
    ) -> None:
        """Store the parts; nothing is asked.

        Args:
            base: scores every prompt.
            reader: is asked about those in the band; its own base takes no part.
            band: the share of prompts on either side of the threshold that are read: 0 asks about none, 1
                about all.
            strong_share: the share that the pair is going to be given, where the band lies; or
            threshold: the threshold, on the base's scale. Exactly one of the two.
            quantiles: evenly spaced quantiles of the base's scores on your prompts; None: those it ships.

        Raises:
            ValueError: a setting is not what was expected, or there are no quantiles.
            TypeError: `reader` is not a ReaderRouter, or `base` no Router.
        """
        if not isinstance(reader, ReaderRouter):
            raise TypeError(f"reader is {type(reader).__name__}, expected a ReaderRouter.")
        if (strong_share is None) == (threshold is None):
            raise ValueError(
                "expected exactly one of strong_share= (the share that you give to the pair) and threshold=, "
                "for the band lies around it."
            )
        self.base = check_base(base)
        self.reader = reader
        self.band = check_fraction(band, "band")
        self._places = ScorePlaces.of_router(base) if quantiles is None else ScorePlaces(quantiles)
        if strong_share is not None:
            self.centre = 1.0 - check_fraction(strong_share, "strong_share")
        else:
            at = check_fraction(threshold, "threshold")
            self.centre = float(self._places.places(np.array([at]))[0])
        self._ends = (max(0.0, self.centre - self.band), min(1.0, self.centre + self.band))
        self.score_quantiles = self._places.quantiles
        self.coverage = base.coverage

    @classmethod
    def from_prompts(
        cls,
        base: Router,
        reader: ReaderRouter,
        prompts: Sequence[str],
        band: float = 0.2,
        *,
        strong_share: float | None = None,
        threshold: float | None = None,
    ) -> HybridRouter:
        """Make a hybrid whose shares are those of your own prompts; the reader is not asked about them.

        Raises:
            ValueError: there are no prompts, or as for the constructor.
        """
        if not len(prompts):
            raise ValueError("prompts is empty, expected a typical mix, a hundred or more.")
        quantiles = quantiles_of(check_base(base).score(prompts))
        return cls(base, reader, band, strong_share=strong_share, threshold=threshold, quantiles=quantiles)

    def asks(self, prompts: Sequence[str]) -> Inside:
        """Return which prompts lie in the band, shape (n,), without asking."""
        return self._inside(self._places.places(self.base.score(check_prompts(prompts))))

    def score(self, prompts: Sequence[str]) -> Scores:
        """Score prompts; the reader is asked about those in the band.

        Raises:
            RouterError: a rating is missing, and the reader is strict.
        """
        checked = check_prompts(prompts)
        base = self.base.score(checked)
        return self._scores(checked, base, self.reader.reader.ratings(self._to_read(checked, base)))

    async def ascore(self, prompts: Sequence[str]) -> Scores:
        """Return what `score` returns, without blocking the event loop."""
        checked = check_prompts(prompts)
        base = await base_scores(self.base, checked)
        return self._scores(checked, base, await self.reader.reader.aratings(self._to_read(checked, base)))

    def explain(self, prompt: str) -> Explanation:
        """Say what the base makes of a prompt, and what a rating adds to that."""
        found = explained(self, self.base, self.reader.reader, prompt)
        return replace(found, percentile=percentile_of(found.score, self.score_quantiles))

    def check_thresholds(self, thresholds: Sequence[float]) -> None:
        """Warn where every threshold lies outside the band, so that no reading would decide.

        Warns:
            ReaderWarning: names both; at 0 and 1, which send everything to one side, nothing is said.
        """
        low, high = self._ends
        given = np.array([each for each in thresholds if 0.0 < each < 1.0])
        places = self._places.places(given)
        decides = (places >= low - _NEAR) & (places <= high + _NEAR)
        if given.size and self.band and not decides.any():
            ends = self._places.scores(np.array([low, high]))
            named = " and ".join(f"{each:.4g}" for each in given)
            warnings.warn(
                f"the threshold {named} lies outside the band of the router {self.name!r}, which is "
                f"{ends[0]:.4g} to {ends[1]:.4g}: no reading decides. Give the pair the strong_share= or "
                "threshold= that the router was made with.",
                ReaderWarning,
                stacklevel=2,
            )

    def reading_stats(self) -> ReadingStats:
        """Return what the reader was asked so far."""
        return self.reader.reading_stats()

    def reading_cost(self, prompt: str) -> float:
        """Return what reading a prompt has cost since this was last asked."""
        return self.reader.reading_cost(prompt)

    def to_checkpoint(self) -> Checkpoint:
        """Describe this router and its base, without any key; raises TypeError if the base can't be saved."""
        base = replace(self.base.to_checkpoint(), name=self.base.name)
        settings = {**reader_settings(self.reader.reader), "band": self.band, "centre": self.centre}
        tensors = {
            "rating_shares": self.reader.scale.shares,
            "score_quantiles": self._places.quantiles,
        }
        return Checkpoint(KIND, settings, tensors, inner={"base": base})

    @classmethod
    def from_checkpoint(
        cls, checkpoint: Checkpoint, *, base: Router | None = None, responder: Responder | None = None
    ) -> HybridRouter:
        """Make the router that `to_checkpoint` described, asking the responder given or the one saved.

        Raises:
            CheckpointError: a part is missing, or the responder was not saved and none is given.
        """
        if base is None:
            raise CheckpointError(f"{checkpoint.origin} holds no base router, and base= is not given.")
        asked = saved_responder(checkpoint) if responder is None else responder
        quantiles = checkpoint.score_quantiles
        if quantiles is None:
            raise CheckpointError(f"{checkpoint.origin} holds no score quantiles.")
        with checkpoint.reading("hybrid"):
            reader = ReaderRouter(
                asked,
                base=base,
                price=checkpoint.settings.get("price"),
                timeout=checkpoint.setting("timeout"),
                concurrency=checkpoint.setting("concurrency"),
                scale=RatingScale(checkpoint.tensor("rating_shares", (None,))),
                strict=bool(checkpoint.setting("strict")),
            )
            share = 1.0 - check_fraction(checkpoint.setting("centre"), "centre")
            return cls(base, reader, checkpoint.setting("band"), strong_share=share, quantiles=quantiles)

    def _inside(self, places: Scores) -> Inside:
        low, high = self._ends
        inside: Inside = (places >= low) & (places <= high) & (self.band > 0.0)
        return inside

    def _to_read(self, prompts: list[str], base: Scores) -> list[str]:
        inside = self._inside(self._places.places(base))
        return [prompt for prompt, read in zip(prompts, inside, strict=True) if read]

    def _scores(self, prompts: list[str], base: Scores, ratings: Mapping[str, int]) -> Scores:
        if not ratings:
            return base
        low, high = self._ends
        places = self._places.places(base)
        within = np.clip((places - low) / max(high - low, 1e-12), 0.0, 1.0)
        rated = self.reader.reader_places(prompts, within, ratings)
        moved = self._places.scores(low + (high - low) * np.nan_to_num(rated))
        return np.where(np.isnan(rated), base, moved)
