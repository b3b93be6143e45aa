"""The published layout of battles and embeddings, and scores as the published code has them."""

import json
import math
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from routellm_core.preferences.rating.published_battles import published_battles
from routellm_core.preferences.rating.similarity_weighting import SimilarityWeighting
from routellm_core.preferences.reading.records import DataError
from routellm_core.routers.similarity_weighted import SimilarityWeightedRouter

from tests.core.hashed_embedder import HashedEmbedder

MODELS = [f"model-{k}" for k in range(8)]
WORDS = ["prove", "theorem", "garden", "why", "copper", "engine", "river", "planet"]
QUERIES = ["prove the theorem", "why does the copper engine stop", "garden river", "planet"]


def row(text: str, winner: str = "model_a", model_a: str = "x", model_b: str = "y") -> dict[str, Any]:
    columns = {f"winner_{name}": int(name == winner) for name in ("model_a", "model_b", "tie")}
    return {
        "id": 1,
        "prompt": json.dumps([text, "next turn"]),
        "model_a": model_a,
        "model_b": model_b,
        **columns,
    }


def rows(count: int = 500) -> list[dict[str, Any]]:
    rng = np.random.default_rng(0)
    made = []
    for number in range(count):
        a, b = rng.choice(len(MODELS), 2, replace=False)
        case = number // 2 % 100
        words = [WORDS[case % 8], WORDS[case // 8 % 8], f"case {case}"]
        text = " ".join(words) + "?" * 8 if number % 7 else "too short"
        gap = 0.25 * (b - a) * (2.0 if "theorem" in text else 1.0)
        chances = np.exp([gap, 0.0, -gap])
        winner = str(rng.choice(["model_a", "tie", "model_b"], p=chances / chances.sum()))
        made.append(row(f"  {text} ", winner, MODELS[a], MODELS[b]))
    return made


def embeddings(kept: list[dict[str, Any]]) -> npt.NDArray[np.float32]:
    turns = [json.loads(row["prompt"])[0].strip() for row in kept]
    return HashedEmbedder().embed([turn for turn in turns if len(turn) >= 16]).astype(np.float32)


def router(given: list[dict[str, Any]], **changes: Any) -> SimilarityWeightedRouter:
    parts: dict[str, Any] = {
        "strong": "model-0",
        "weak": "model-7",
        "embedder": HashedEmbedder(),
        "tiers": 4,
    } | changes
    stored = parts.pop("embeddings", None)
    return SimilarityWeightedRouter.from_published_battles(
        given, embeddings(given) if stored is None else stored, **parts
    )


def test_first_turns_of_16_characters_are_kept() -> None:
    read = published_battles(
        [
            row("  Why is the sky blue?  ", "model_b"),
            row("fifteen letters"),
            row("sixteen letters.", "tie"),
            row(" fifteen letters "),
            {**row(""), "prompt": "[null]"},
            {**row("Text in CSV columns."), "winner_model_a": "1", "winner_tie": "0"},
        ]
    )

    assert [(battle.prompt, battle.winner) for battle in read.battles] == [
        ("Why is the sky blue?", "model_b"),
        ("sixteen letters.", "tie"),
        ("Text in CSV columns.", "model_a"),
    ]
    assert read.too_short == 3


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"prompt": "plain text"}, "row 1: field 'prompt' is 'plain text', expected a JSON list of turns"),
        ({"prompt": "[]"}, "expected a JSON list of turns"),
        ({"prompt": "[7]"}, "expected a JSON list of turns"),
        ({"prompt": None}, "field 'prompt' is None, expected text"),
        ({"winner_tie": 1}, "row 1: 2 of winner_model_a, winner_model_b and winner_tie are 1, expected one"),
        ({"winner_model_a": 0}, "row 1: 0 of winner_model_a"),
        ({"winner_tie": 2}, "field 'winner_tie' is 2, expected 0 or 1"),
        ({"winner_tie": "no"}, "field 'winner_tie' is 'no'"),
        ({"winner_tie": float("nan")}, "field 'winner_tie' is nan"),
        ({"model_b": ""}, "field 'model_b' is '', expected text"),
    ],
)
def test_a_bad_row_is_named(change: dict[str, Any], message: str) -> None:
    with pytest.raises(DataError, match=message):
        published_battles([{**row("Why is the sky blue?"), **change}])


def test_embeddings_are_of_the_kept_rows_in_order() -> None:
    given = rows()
    made = router(given)
    short = sum(len(json.loads(r["prompt"])[0].strip()) < 16 for r in given)

    assert short > 50
    assert len(made.battles.columns) == len(given) - short
    # one embedding for each distinct first turn
    assert made.battles.columns.prompts == len(made.battles.embeddings) < len(given) - short
    with pytest.raises(
        DataError, match=rf"500 embeddings for {500 - short} battles \({short} more were dropped"
    ):
        router(given, embeddings=np.ones((500, 32)))
    with pytest.raises(ValueError, match="tiers is 9, expected a whole number from 1 to 8"):
        router(given, tiers=9)


def test_tiers_follow_the_ratings_and_another_weighting_may_be_asked_for() -> None:
    made = router(rows(3000))
    tiers = dict(zip(made.battles.columns.models, made.battles.tiers, strict=True))

    assert [tiers[name] for name in MODELS] == sorted(tiers.values())
    assert set(tiers.values()) == {0, 1, 2, 3}
    # Four battles, three of them won against the best: no penalty pulls it back.
    rare = [row("Is it raining there?", w, "rare", "model-0") for w in ("model_a",) * 3 + ("model_b",)]
    made_with = router([*rows(3000), *rare]).battles
    assert dict(zip(made_with.columns.models, made_with.tiers, strict=True))["rare"] == 0
    exact = router(rows(3000), weighting=SimilarityWeighting())
    assert exact.battles.nearest is not None
    assert np.abs(exact.score(QUERIES) - made.score(QUERIES)).max() > 1e-3


def test_scores_are_those_of_the_published_regression() -> None:
    linear_model = pytest.importorskip("sklearn.linear_model", reason="scikit-learn is not installed")
    made = router(rows())
    columns, tiers = made.battles.columns, np.array(made.battles.tiers)
    by_battle = embeddings(rows()).astype(np.float64)
    count = len(columns)
    # Every battle twice, a tie won once by each; of a battle within a tier the second write remains.
    design = np.zeros((2 * count, 4))
    both = np.arange(2 * count)
    design[both, np.tile(tiers[columns.first], 2)] = math.log(10)
    design[both, np.tile(tiers[columns.second], 2)] = -math.log(10)
    won = np.tile(columns.target == 1.0, 2)
    won[:count] |= columns.target == 0.5
    for query, score in zip(QUERIES, made.score(QUERIES), strict=True):
        embedded = HashedEmbedder().embed([query])[0]
        cosines = by_battle @ embedded / np.linalg.norm(by_battle, axis=1) / np.linalg.norm(embedded)
        weights = 10 * 10 ** (cosines / cosines.max())
        fit = linear_model.LogisticRegression(fit_intercept=False, C=np.inf, tol=1e-10, max_iter=10_000)
        fit.fit(design, won, sample_weight=np.tile(weights, 2))
        elo = 400 * fit.coef_[0] + 1000
        strong, weak = (elo[tiers[columns.models.index(name)]] for name in ("model-0", "model-7"))
        assert score == pytest.approx(1 - 1 / (1 + 10 ** ((strong - weak) / 400)), abs=1e-6)
