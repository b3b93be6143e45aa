"""The similarity-weighted router: equal to its definition in any setting; pairs, batches, bad input."""

import copy
import pickle
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from routellm_core import load_router
from routellm_core.preferences.rating.similarity_weighting import PUBLISHED, SimilarityWeighting
from routellm_core.preferences.rating.tiered_battles import TieredBattles
from routellm_core.preferences.reading.battle_columns import BattleColumns
from routellm_core.preferences.reading.battles import Battle, Winner, read_battles
from routellm_core.routers.similarity_weighted import SimilarityWeightedRouter
from routellm_core.training.similarity_weighted import train_similarity_weighted

from tests.core.hashed_embedder import HashedEmbedder
from tests.core.naive_ranking import naive_strengths, win_rate

TIERS = {"top": 0, "high": 0, "mid": 1, "low": 2, "last": 2}
WORDS = ["prove", "theorem", "of", "a", "small", "garden", "why", "does", "copper", "engine", "sing", "river"]
PROMPTS = ["prove the theorem", "why does the garden sing", "copper", "nothing alike", ""]


def battles(count: int = 300, seed: int = 0) -> list[Battle]:
    rng = np.random.default_rng(seed)
    made = []
    for _ in range(count):
        text = " ".join(rng.choice(WORDS, rng.integers(2, 6)))
        a, b = (str(name) for name in rng.choice(list(TIERS), 2, replace=False))
        gap = (TIERS[b] - TIERS[a]) * (2.0 if "theorem" in text else 0.3)
        chances = np.array([1.0, 0.4, np.exp(-gap)])
        winner: list[Winner] = ["model_a", "tie", "model_b"]
        made.append(Battle(text, a, b, winner[rng.choice(3, p=chances / chances.sum())]))
    return made


def router(rows: list[Battle] | None = None, **changes: Any) -> SimilarityWeightedRouter:
    given: dict[str, Any] = {"strong": "top", "weak": "low", "tiers": TIERS} | changes
    return train_similarity_weighted(
        given.pop("embedder", HashedEmbedder()), battles() if rows is None else rows, **given
    )


@pytest.mark.parametrize("scaling", ["paper", "published"])
@pytest.mark.parametrize("same_tier", ["exact", "published"])
@pytest.mark.parametrize("penalty", [0.01, 30.0])
def test_scores_equal_a_regression_over_every_battle(scaling: Any, same_tier: Any, penalty: float) -> None:
    weighting = SimilarityWeighting(4.0, scaling, same_tier, penalty)
    made = router(weighting=weighting)
    rows = battles()
    columns = BattleColumns.from_battles(rows)
    stored = made.battles.embeddings.astype(np.float64)
    tiers = np.array([TIERS[name] for name in columns.models], dtype=np.float64)

    for prompt, score in zip(PROMPTS[:4], made.score(PROMPTS[:4]), strict=True):
        query = HashedEmbedder().embed([prompt])[0]
        naive = naive_strengths(query, stored, columns, tiers, weighting)
        assert score == pytest.approx(win_rate(naive, 0, 2), abs=1e-6)


def test_likeness_moves_the_score_to_the_battles_that_are_alike() -> None:
    easy, hard = router().score(["why does the garden sing", "theorem"])

    assert hard > easy + 0.05


def test_a_prompt_that_is_like_nothing_weighs_all_alike() -> None:
    made = router()
    tiers = np.array(made.battles.tiers, dtype=np.float64)
    flat = SimilarityWeighting(1.0 + 1e-12, penalty=0.1)
    stored = made.battles.embeddings.astype(np.float64)
    naive = naive_strengths(stored[0], stored, made.battles.columns, tiers, flat)

    # its weights are γ and not 1, and so is the penalty's counterpart
    assert made.score([""])[0] == pytest.approx(win_rate(naive, 0, 2), abs=1e-6)
    assert router(weighting=PUBLISHED).score([""])[0] == pytest.approx(
        router(weighting=PUBLISHED).score(["..."])[0], abs=0.1
    )


def test_swapping_the_pair_or_who_was_shown_first_swaps_nothing_else() -> None:
    swap: dict[Winner, Winner] = {"model_a": "model_b", "model_b": "model_a", "tie": "tie"}
    swapped = [Battle(b.prompt, b.model_b, b.model_a, swap[b.winner]) for b in battles()]

    assert router().for_pair("low", "top").score(PROMPTS) == pytest.approx(1.0 - router().score(PROMPTS))
    assert router(swapped).score(PROMPTS) == pytest.approx(router().score(PROMPTS), abs=1e-9)


def test_battles_within_a_tier_count_only_in_the_published_way() -> None:
    rows = [b for b in battles() if TIERS[b.model_a] != TIERS[b.model_b]]
    within = [*rows, *[Battle("theorem", "top", "high", "model_a")] * 40]
    within += [Battle("theorem", "low", "last", "model_b")] * 40

    assert router(within).score(PROMPTS) == pytest.approx(router(rows).score(PROMPTS), abs=0.02)
    exact = router(within).score(["theorem"])[0]
    published = SimilarityWeighting(same_tier="published")
    # model_a's wins are taken as losses of its tier, model_b's as wins
    assert router(within, weighting=published).score(["theorem"])[0] < exact - 0.1


def test_models_and_tiers_name_the_same_pair() -> None:
    made = router()

    assert made.for_pair("high", "last").score(PROMPTS).tolist() == made.score(PROMPTS).tolist()
    assert made.for_pair("tier:0", "tier:2").score(PROMPTS).tolist() == made.score(PROMPTS).tolist()
    assert made.for_pair("tier:0", "mid").score(PROMPTS).tolist() != made.score(PROMPTS).tolist()
    assert made.for_pair("tier:0", "mid").score_quantiles is None


@pytest.mark.parametrize("role", ["strong", "weak"])
@pytest.mark.parametrize("name", ["gpt-9", "tier:3", "tier:-1", "tier: 0", "0"])
def test_an_unknown_model_is_told_how_to_name_its_tier(role: str, name: str) -> None:
    message = (
        rf"{role} is '{name}', which occurs in no battle: known are \['high', 'last', 'low', 'mid', 'top'\]. "
        "For any other model, give the tier of models of its strength: 'tier:0', the best, "
        "to 'tier:2'"
    )
    with pytest.raises(ValueError, match=message):
        router(**{role: name})


def test_a_pair_that_cannot_be_told_apart_is_refused() -> None:
    with pytest.raises(ValueError, match="strong 'top' and weak 'high' are both of tier 0, so every score"):
        router(weak="high")
    rows = [Battle("q", "top", "mid", "model_a"), Battle("q", "low", "last", "model_a")]
    with pytest.raises(
        ValueError, match="'top' is of tier 0 and weak 'low' of tier 2, and no chain of battles"
    ):
        router(rows)


def test_a_tier_that_never_won_has_a_finite_strength() -> None:
    rows = [
        Battle(f"prompt {n}", a, b, "model_a") for n in range(40) for a, b in (("top", "mid"), ("mid", "low"))
    ]
    for weighting in (SimilarityWeighting(), PUBLISHED):
        made = router(rows, weighting=weighting)
        scores = made.score([*PROMPTS, "prompt 3"])
        assert ((scores > 0.5) & (scores <= 1.0)).all()
        assert np.isfinite(made.tier_strengths(PROMPTS)).all()


def test_a_score_does_not_depend_on_the_batch() -> None:
    # more prompts than are embedded or fitted at once, more embeddings than one block holds
    rows = battles(4000)
    rows = [Battle(f"{b.prompt} {n % 1500}", b.model_a, b.model_b, b.winner) for n, b in enumerate(rows)]
    made = router(rows, embedder=HashedEmbedder(300))
    prompts = [b.prompt for b in rows[:70]]
    alone = [float(made.score([prompt])[0]) for prompt in prompts]

    assert made.battles.embeddings.nbytes > 2**20
    assert made.score(prompts).tolist() == alone
    assert made.score(prompts * 33)[-70:].tolist() == alone
    assert made.score([]).shape == (0,)


class Wrong:
    """Embeds as told."""

    def __init__(self, rows: Any) -> None:
        self.rows = rows

    def embed(self, prompts: Sequence[str]) -> npt.NDArray[np.float64]:
        return np.asarray(self.rows)


def test_embeddings_that_do_not_fit_are_named() -> None:
    made = router()
    for rows, message in (
        ([[1.0, 2.0]], r"Wrong\.embed\(\) returned shape \(1, 2\), expected \(1, 32\)"),
        ([[np.nan] * 32], "embedding 0 holds a value that is NaN or infinite"),
        ([[1.0] * 31 + [np.inf]], "embedding 0 holds a value that is NaN or infinite"),
    ):
        other = SimilarityWeightedRouter(Wrong(rows), made.battles, strong="top", weak="low")
        with pytest.raises(ValueError, match=message):
            other.score(["one"])


def test_copies_and_pickles_score_the_same() -> None:
    made = router()

    with pytest.raises(TypeError, match="HashedEmbedder cannot be saved with the router"):
        made.to_checkpoint()
    assert copy.deepcopy(made) is made
    assert pickle.loads(pickle.dumps(made)).score(PROMPTS).tolist() == made.score(PROMPTS).tolist()


def test_the_papers_scaling_needs_each_prompts_nearest() -> None:
    whole = router().battles
    bare = TieredBattles(whole.columns, whole.embeddings, whole.tiers)

    with pytest.raises(ValueError, match="the paper's scaling needs the battles' nearest"):
        SimilarityWeightedRouter(HashedEmbedder(), bare, strong="top", weak="low")
    SimilarityWeightedRouter(HashedEmbedder(), bare, strong="top", weak="low", weighting=PUBLISHED)


def test_on_the_judges_battles_it_equals_a_regression_over_all_of_them(data_folder: Any) -> None:
    rows = list(read_battles(data_folder / "train/judge_battles.jsonl.gz"))[::4]
    static = load_router("default").embedder.static  # type: ignore[attr-defined]
    made = train_similarity_weighted(static, rows, strong="gpt-4-turbo", weak="gpt-35-turbo")
    stored = made.battles
    strong, weak = stored.pair("gpt-4-turbo", "gpt-35-turbo")
    prompts = ["What is the capital of Norway?", "Prove that there are infinitely many primes."]
    for prompt, score in zip(prompts, made.score(prompts), strict=True):
        naive = naive_strengths(
            static.embed([prompt])[0],
            stored.embeddings.astype(np.float64),
            stored.columns,
            np.array(stored.tiers, dtype=np.float64),
            made.weighting,
        )
        assert score == pytest.approx(win_rate(naive, strong, weak), abs=1e-6)
