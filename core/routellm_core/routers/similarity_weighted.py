"""SimilarityWeightedRouter: for each prompt, a Bradley-Terry fit to battles weighted by how like it they are.

Differs from the other routers in that nothing is trained: the battles are the model. Differs from the
published code in that the fit is made from sums per pair of tiers, not by a regression over every battle.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from routellm_core.checkpoints.checkpoint import Checkpoint
from routellm_core.embedders.embedder import (
    Embedder,
    embedder_parts,
    is_at_hand,
    probe_embeddings,
    read_embedder,
)
from routellm_core.embedders.similarity import cosines, unit_rows
from routellm_core.logits import win_rates
from routellm_core.preferences.rating.bradley_terry import bradley_terry_strengths
from routellm_core.preferences.rating.published_battles import published_tiered_battles
from routellm_core.preferences.rating.similarity_weighting import PUBLISHED, SimilarityWeighting
from routellm_core.preferences.rating.tiered_battles import TieredBattles
from routellm_core.router import PROBES, Scores, UnchangingRouter, check_prompts, check_scores

KIND = "sw_ranking"

_EMBEDDED_AT_ONCE = 2048
_FITTED_AT_ONCE = 32


class SimilarityWeightedRouter(UnchangingRouter):
    """P(strong preferred | q) = 1 / (1 + e^(ξ_w − ξ_s)), ξ from battles under weights ω (paper, section 4).

    ω' = γ^(1 + S(q, q')) is the weight of the battles on prompt q', see `SimilarityWeighting`; ξ are the
    strengths of tiers of models; a tie counts as half a win for both. The paper prints the exponent with the
    other sign; its code has this one. Objects are immutable.

    Battles of two models of one tier tell nothing of the tiers and count for nothing. The published code
    counts them by mistake: as a loss of the tier against a fixed strength of 0 where model_a won, as a win
    where model_b did. That moves scores by up to 0.01, and the published thresholds were taken from such
    scores: use them with a router of `from_published_battles`, whose weighting is the published one,
    mistake included, and with no other. What is left is below 1e-4, by which the published fit stops early.
    """

    def __init__(
        self,
        embedder: Embedder,
        battles: TieredBattles,
        *,
        strong: str,
        weak: str,
        weighting: SimilarityWeighting | None = None,
        score_quantiles: Scores | None = None,
    ) -> None:
        """Store the battles and sum them by pair of tiers.

        Args:
            embedder: gives the embedding of a prompt to score, shape (n, D).
            battles: with embeddings by the same embedder, shape (P, D).
            strong: a model that plays in the battles; for any other, the tier that it belongs to: "tier:0".
            weak: the same.
            weighting: how likeness becomes weight; None for the paper's way.
            score_quantiles: see `Router.score_quantiles`; they belong to this pair.

        Raises:
            ValueError: an unknown model or tier, one tier for both, two tiers that no chain of battles links,
                or battles without `nearest` for the paper's scaling.
        """
        self.embedder = embedder
        self.battles = battles
        self.strong = strong
        self.weak = weak
        self.weighting = weighting or SimilarityWeighting()
        self.score_quantiles = score_quantiles
        if self.weighting.scaling == "paper" and battles.nearest is None:
            raise ValueError(
                "the paper's scaling needs the battles' nearest: TieredBattles.from_embeddings()."
            )
        self._strong_tier, self._weak_tier = battles.pair(strong, weak)
        self._wins = battles.wins()
        self._unweighted: npt.NDArray[np.float64] | None = None  # (T,)
        self._unweighted = self._strengths(np.full((1, battles.columns.prompts), self.weighting.gamma))[0]

    @classmethod
    def from_published_battles(
        cls,
        rows: Iterable[Mapping[str, Any]],
        embeddings: npt.NDArray[np.floating[Any]],
        *,
        strong: str,
        weak: str,
        embedder: Embedder,
        tiers: int = 10,
        weighting: SimilarityWeighting = PUBLISHED,
    ) -> SimilarityWeightedRouter:
        """Make a router from the published battles and embeddings, scored as the published code does.

        Args:
            rows: see `published_battles`; of several data sets one after the other.
            embeddings: of the rows whose first turn is long enough, in order, shape (n, D).
            strong: see the class.
            weak: see the class.
            embedder: what made the embeddings; published are those of text-embedding-3-small.
            tiers: how many, from the ratings of all battles.
            weighting: the published one by default.

        Raises:
            DataError: a row that can't be read, or another number of embeddings than of battles.
            ValueError: as the class.
        """
        with_nearest = weighting.scaling == "paper"
        battles = published_tiered_battles(rows, embeddings, tiers, with_nearest=with_nearest)
        return cls(embedder, battles, strong=strong, weak=weak, weighting=weighting)

    def score(self, prompts: Sequence[str]) -> Scores:
        """Return P(strong preferred) per prompt, shape (n,)."""
        return self._scores(self.tier_strengths(prompts))

    def probe(self) -> None:
        """Score as `Router.probe`, with made-up embeddings where the embedder would ask something else."""
        if is_at_hand(self.embedder):
            super().probe()
        else:
            queries = unit_rows(probe_embeddings(self.battles.embeddings.shape[1]))
            check_scores(self._scores(self._fit(queries)), len(PROBES))

    def tier_strengths(self, prompts: Sequence[str]) -> npt.NDArray[np.float64]:
        """Return ξ of each tier for each prompt, in logits, shape (n, T)."""
        checked = check_prompts(prompts)
        strengths = np.empty((len(checked), self.battles.tier_count))
        for start in range(0, len(checked), _EMBEDDED_AT_ONCE):
            queries = self._embed(checked[start : start + _EMBEDDED_AT_ONCE])
            for first in range(0, len(queries), _FITTED_AT_ONCE):
                fitted = self._fit(queries[first : first + _FITTED_AT_ONCE])
                strengths[start + first : start + first + len(fitted)] = fitted
        return strengths

    def for_pair(self, strong: str, weak: str) -> SimilarityWeightedRouter:
        """Return a router for another pair of models or tiers; it has no score quantiles.

        Raises:
            ValueError: as the class.
        """
        return type(self)(self.embedder, self.battles, strong=strong, weak=weak, weighting=self.weighting)

    def with_quantiles(self, score_quantiles: Scores) -> SimilarityWeightedRouter:
        """Return the same router with score quantiles, see `Router.score_quantiles`."""
        return type(self)(
            self.embedder,
            self.battles,
            strong=self.strong,
            weak=self.weak,
            weighting=self.weighting,
            score_quantiles=score_quantiles,
        )

    def to_checkpoint(self) -> Checkpoint:
        """Describe this router with its embedder; of the battles' prompts, their embeddings alone.

        Raises:
            TypeError: the embedder does not say how it is saved.
        """
        embedder, battles = embedder_parts(self.embedder), self.battles.to_parts()
        tensors = {f"embedder.{name}": tensor for name, tensor in embedder.tensors.items()}
        tensors |= battles.tensors
        if self.score_quantiles is not None:
            tensors["score_quantiles"] = self.score_quantiles
        settings = {
            **battles.settings,
            "strong": self.strong,
            "weak": self.weak,
            "weighting": dataclasses.asdict(self.weighting),
            "embedder": {"kind": embedder.kind, **embedder.settings},
        }
        return Checkpoint(KIND, settings, tensors, embedder.files, arrays=battles.arrays)

    @classmethod
    def from_checkpoint(
        cls, checkpoint: Checkpoint, *, embedder: Embedder | None = None
    ) -> SimilarityWeightedRouter:
        """Make the router that `to_checkpoint` described, with the embedder given or the one saved.

        The battles' embeddings stay on disk, memory-mapped.
        """
        with checkpoint.reading():
            return cls(
                embedder or read_embedder(checkpoint),
                TieredBattles.from_checkpoint(checkpoint),
                strong=checkpoint.setting("strong"),
                weak=checkpoint.setting("weak"),
                weighting=SimilarityWeighting(**checkpoint.setting("weighting")),
                score_quantiles=checkpoint.score_quantiles,
            )

    def _scores(self, strengths: npt.NDArray[np.float64]) -> Scores:
        # strengths (n, T)
        return win_rates(strengths[:, self._strong_tier] - strengths[:, self._weak_tier])

    def _embed(self, prompts: list[str]) -> npt.NDArray[np.float32]:
        # (n, D), rows of length 1
        embedded = np.asarray(self.embedder.embed(prompts))
        wanted = (len(prompts), self.battles.embeddings.shape[1])
        if embedded.shape != wanted:
            raise ValueError(
                f"{type(self.embedder).__name__}.embed() returned shape {embedded.shape}, expected {wanted}."
            )
        return unit_rows(embedded)

    def _fit(self, queries: npt.NDArray[np.float32]) -> npt.NDArray[np.float64]:
        # (k, T). Every step treats each query by itself: a score must not depend on the size of the batch.
        alike = cosines(queries, self.battles.embeddings)  # (k, P)
        return self._strengths(self.weighting.weights(alike, self.battles.nearest))

    def _strengths(self, weights: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        # (k, T), from each prompt's weight for each query, (k, P); the search starts where equal ones lead.
        won = self._wins.weighted(weights)
        anchors = (won.second, won.first) if self.weighting.same_tier == "published" else (None, None)
        return bradley_terry_strengths(
            won.between,
            self.weighting.penalty,
            anchor_wins=anchors[0],
            anchor_losses=anchors[1],
            start=self._unweighted,
        )
