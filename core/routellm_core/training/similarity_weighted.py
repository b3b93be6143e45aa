"""A similarity-weighted router for a user's own models: it stores their battles and fits nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from routellm_core.embedders.embedder import Embedder
from routellm_core.preferences.rating.ratings import rate_models
from routellm_core.preferences.rating.similarity_weighting import SimilarityWeighting
from routellm_core.preferences.rating.tiered_battles import TieredBattles
from routellm_core.preferences.rating.tiers import tiers_of
from routellm_core.preferences.reading.battle_columns import BattleColumns, distinct_prompts
from routellm_core.preferences.reading.battles import Battle
from routellm_core.router import quantiles_of
from routellm_core.routers.similarity_weighted import SimilarityWeightedRouter

QUANTILE_PROMPTS = 2000
"""Most prompts of the battles, evenly spaced, that are scored for the quantiles."""


def train_similarity_weighted(
    embedder: Embedder,
    battles: Sequence[Battle],
    *,
    strong: str,
    weak: str,
    tiers: int | Mapping[str, int] | None = None,
    weighting: SimilarityWeighting | None = None,
) -> SimilarityWeightedRouter:
    """Embed the battles' prompts and tier their models; score quantiles are those of the prompts.

    A prompt is scored with its own battles among the others, as one of thousands.

    Args:
        embedder: gives the prompts' embeddings; it becomes part of the router.
        battles: with prompts.
        strong: a model that plays in the battles; for any other, the tier that it belongs to: "tier:0".
        weak: likewise.
        tiers: how many to make of the models' ratings; None for 10, or one per model if there are fewer; or
            model -> tier, 0 the best.
        weighting: how similarity becomes weight; None for the paper's.

    Raises:
        DataError: no battles, one battle, or groups of models that never met.
        ValueError: more tiers than models, or a pair that the router rejects.
    """
    if not isinstance(tiers, Mapping):
        ratings = rate_models(battles, resamples=0)
        tiers = tiers_of({rating.model: rating.strength for rating in ratings}, tiers)
    prompts = distinct_prompts(battles)
    stored = TieredBattles.from_embeddings(
        BattleColumns.from_battles(battles),
        embedder.embed(prompts),
        tiers,
        with_nearest=weighting is None or weighting.scaling == "paper",
    )
    router = SimilarityWeightedRouter(embedder, stored, strong=strong, weak=weak, weighting=weighting)
    step = -(-len(prompts) // QUANTILE_PROMPTS)
    return router.with_quantiles(quantiles_of(router.score(prompts[::step])))
