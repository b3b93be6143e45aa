"""ReaderRouter: a cheap language model reads each prompt and rates how much the strong model is needed.

Differs from the routers in `routers/` in that scoring costs a short call of a model. Its scores are on the
scale of another router, the base, so that a threshold means the same for both, and where the reader gives no
rating in time the base's score stands.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from routellm_core.checkpoints.checkpoint import Checkpoint, CheckpointError
from routellm_core.checkpoints.explanation import Explanation, Part
from routellm_core.loading import load_router
from routellm_core.logits import Floats
from routellm_core.preferences.judging.responder import Responder
from routellm_core.reader.based_router import BasedRouter
from routellm_core.reader.prompt_reader import PromptReader
from routellm_core.reader.rating_scale import RatingScale
from routellm_core.reader.saved_responder import responder_settings, saved_responder
from routellm_core.reader.score_places import ScorePlaces
from routellm_core.router import (
    Router,
    RouterError,
    Scores,
    check_prompts,
)
from routellm_core.routing.prices import Price
from routellm_core.routing.reading_stats import ReadingStats

KIND = "reader"

_LONGEST_INLINE = 2_000
"""Characters of all prompts together; more take milliseconds."""

FEWEST = 20
"""Fewest ratings that a scale is fitted to."""


class ReaderRouter(BasedRouter):
    """score = the base's score at the place that the prompt's rating has among the reader's ratings.

    So the order is the reader's, and among equal ratings the base's; the distribution is the base's.
    """

    def __init__(
        self,
        responder: Responder,
        *,
        base: Router | None = None,
        price: Price | Mapping[str, Any] | None = None,
        timeout: float = 2.0,
        concurrency: int = 16,
        scale: RatingScale | None = None,
        strict: bool = False,
    ) -> None:
        """Store the parts; nothing is asked.

        Args:
            responder: the model that reads, from `responder(model)` of an adapter or an OpenAIResponder.
                Give it a limit of a few output tokens and a time limit of its own.
            base: whose score stands where there is no rating, and whose scale is taken; None: the default
                router. It ships score quantiles.
            price: of the reader, `{"input": 0.15, "output": 0.6}` per million tokens; None if unknown.
            timeout: seconds that a call waits for a rating.
            concurrency: readings at once at most.
            scale: the distribution of the reader's ratings; None: that of one frontier model. See `fitted`.
            strict: raise a RouterError instead of taking the base's score, as for an evaluation.

        Raises:
            ValueError: a setting is not what was expected, or the base ships no quantiles.
            TypeError: `base` is not a Router.
        """
        self.base = load_router("default") if base is None else base
        self.reader = PromptReader(
            responder,
            timeout=timeout,
            concurrency=concurrency,
            price=None if price is None else Price.from_mapping(price, "reader"),
            strict=strict,
        )
        self.scale = RatingScale() if scale is None else scale
        self._places = ScorePlaces.of_router(self.base)
        self.score_quantiles = self.base.score_quantiles
        self.coverage = self.base.coverage

    def fitted(self, prompts: Sequence[str]) -> ReaderRouter:
        """Return a router whose scale is that of the ratings of these prompts, each read once.

        Args:
            prompts: a typical mix, a hundred or more.

        Raises:
            RouterError: fewer than 20 of them were rated.
        """
        ratings = self.reader.ratings(check_prompts(prompts))
        found = [ratings[prompt] for prompt in prompts if prompt in ratings]
        if len(found) < FEWEST:
            raise RouterError(
                f"{len(found)} of {len(prompts)} prompts were rated, and a scale needs at least {FEWEST}."
            )
        return self._with(scale=RatingScale.from_ratings(found))

    def score(self, prompts: Sequence[str]) -> Scores:
        """Score prompts, all read at once as far as `concurrency` allows; see `Router`.

        Raises:
            RouterError: a rating is missing, and the router is strict.
        """
        checked = check_prompts(prompts)
        return self._scores(checked, self.base.score(checked), self.reader.ratings(checked))

    async def ascore(self, prompts: Sequence[str]) -> Scores:
        """Return what `score` returns, without blocking the event loop."""
        checked = check_prompts(prompts)
        base = await base_scores(self.base, checked)
        return self._scores(checked, base, await self.reader.aratings(checked))

    def reader_places(self, prompts: Sequence[str], base: Floats, ratings: Mapping[str, int]) -> Floats:
        """Return each prompt's place among typical prompts by its rating, shape (n,); NaN without a rating.

        Args:
            prompts: n texts.
            base: the base's places of theirs, shape (n,), which order equal ratings.
            ratings: prompt -> rating.
        """
        given = np.array([ratings.get(prompt, np.nan) for prompt in prompts], dtype=np.float64)
        return np.where(np.isnan(given), np.nan, self.scale.places(np.nan_to_num(given), base))

    def explain(self, prompt: str) -> Explanation:
        """Say what the base makes of a prompt, and what the rating adds to that."""
        return explained(self, self.base, self.reader, prompt)

    def reading_stats(self) -> ReadingStats:
        """Return what the reader was asked so far."""
        return self.reader.stats()

    def reading_cost(self, prompt: str) -> float:
        """Return what reading a prompt has cost since this was last asked."""
        return self.reader.charge(prompt)

    def to_checkpoint(self) -> Checkpoint:
        """Describe this router and its base, without any key; raises TypeError if the base can't be saved."""
        base = replace(self.base.to_checkpoint(), name=self.base.name)
        tensors = {"rating_shares": self.scale.shares}
        return Checkpoint(KIND, reader_settings(self.reader), tensors, inner={"base": base})

    @classmethod
    def from_checkpoint(
        cls, checkpoint: Checkpoint, *, base: Router | None = None, responder: Responder | None = None
    ) -> ReaderRouter:
        """Make the router that `to_checkpoint` described, asking the responder given or the one saved.

        Raises:
            CheckpointError: a part is missing, or the responder was not saved and none is given.
        """
        if base is None:
            raise CheckpointError(f"{checkpoint.origin} holds no base router, and base= is not given.")
        asked = saved_responder(checkpoint) if responder is None else responder
        with checkpoint.reading("reader"):
            price = checkpoint.settings.get("price")
            return cls(
                asked,
                base=base,
                price=price,
                timeout=checkpoint.setting("timeout"),
                concurrency=checkpoint.setting("concurrency"),
                scale=RatingScale(checkpoint.tensor("rating_shares", (None,))),
                strict=bool(checkpoint.setting("strict")),
            )

    def _scores(self, prompts: list[str], base: Scores, ratings: Mapping[str, int]) -> Scores:
        places = self.reader_places(prompts, self._places.places(base), ratings)
        return np.where(np.isnan(places), base, self._places.scores(np.nan_to_num(places)))

    def _with(self, scale: RatingScale) -> ReaderRouter:
        # The same reader: what it has rated, it need not rate again.
        made = object.__new__(ReaderRouter)
        made.__dict__.update(self.__dict__, scale=scale, _fingerprint=None)
        return made


async def base_scores(base: Router, prompts: list[str]) -> Scores:
    """Return a base router's scores without blocking the event loop; short texts need no thread."""
    if base.scores_inline and sum(map(len, prompts)) <= _LONGEST_INLINE:
        return base.score(prompts)
    return await base.ascore(prompts)


def reader_settings(reader: PromptReader) -> dict[str, Any]:
    """Return what a checkpoint says of a reader."""
    price = reader.price
    return {
        "responder": responder_settings(reader.responder),
        "price": None if price is None else {name: getattr(price, name) for name in price.__slots__},
        "timeout": reader.timeout,
        "concurrency": reader.concurrency,
        "strict": reader.strict,
    }


def explained(router: Router, base: Router, reader: PromptReader, prompt: str) -> Explanation:
    """Return the base's explanation, with what the reader adds to the score as one more part."""
    score, found = router.score_one(prompt), base.explain(prompt)
    added = score - found.score
    rating = reader.ratings([prompt]).get(prompt) if added else None
    parts = found.parts
    if rating is not None:
        parts = (Part("router", f"{reader.responder.name} rates it {rating}", added), *parts)
    return replace(found, router=router.name, score=score, parts=parts)
