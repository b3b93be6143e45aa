"""Training a similarity-weighted router: what it refuses, and that it learns."""

from pathlib import Path

import pytest

from routellm_core import load_router
from routellm_core.evaluation.benchmarks import load_benchmark
from routellm_core.evaluation.evaluation import evaluate
from routellm_core.preferences.reading.battles import Battle, read_battles
from routellm_core.preferences.reading.records import DataError
from routellm_core.training.similarity_weighted import train_similarity_weighted


def test_battles_that_give_no_ratings_are_refused() -> None:
    embedder = load_router("default").embedder  # type: ignore[attr-defined]
    apart = [Battle("q", *pair, "tie") for pair in (("a", "b"), ("a", "b"), ("x", "y"))]
    for given, message in (
        ([], "no battles"),
        (apart[:1], "there is only 1 battle"),
        (apart, "'a', 'b'; 'x', 'y'"),
    ):
        with pytest.raises(DataError, match=message):
            train_similarity_weighted(embedder, given, strong="a", weak="b")
    # tiers by hand join what never met
    tiers = {"a": 0, "x": 0, "b": 1, "y": 1}
    router = train_similarity_weighted(embedder, apart, strong="a", weak="y", tiers=tiers)
    assert router.score(["q"])[0] == pytest.approx(0.5)
    with pytest.raises(ValueError, match=r"tiers has none for \['x', 'y'\]"):
        train_similarity_weighted(embedder, apart, strong="a", weak="b", tiers={"a": 0, "b": 1})


def test_trained_on_the_judges_battles_it_is_better_than_chance(data_folder: Path) -> None:
    judged = list(read_battles(data_folder / "train/judge_battles.jsonl.gz"))
    static = load_router("default").embedder.static  # type: ignore[attr-defined]
    router = train_similarity_weighted(static, judged, strong="gpt-4-turbo", weak="gpt-35-turbo")
    found = evaluate(router, load_benchmark("gsm8k", data_folder))

    assert router.battles.tier_count == 10
    assert router.battles.pair("gpt-4-turbo", "gpt-35-turbo") == (0, 3)
    assert found.apgr > 0.5
