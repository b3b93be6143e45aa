"""The command behind docs/results.md: its training sets, its transfer, and the page."""

from datetime import date
from pathlib import Path

import numpy as np
import pytest

from routellm_core import load_router
from routellm_core.evaluation.benchmark import Benchmark
from routellm_core.evaluation.evaluation import evaluate
from routellm_core.paper_tables import __main__ as command
from routellm_core.paper_tables import transfer
from routellm_core.paper_tables.contenders import CONTENDERS
from routellm_core.paper_tables.page import page
from routellm_core.paper_tables.training_sets import STRONG, WEAK, read_training_sets
from routellm_core.preferences.rating.ratings import rate_models
from routellm_core.routers.random_router import RandomRouter

ROOT = Path(__file__).parent.parent.parent


def test_the_three_sets_share_one_vocabulary(data_folder: Path) -> None:
    judge, arena, gold = read_training_sets(data_folder)

    assert [len(data.battles) for data in (judge, arena, gold)] == [43_859, 45_853, 45_853]
    assert [len(data.labels) for data in (judge, arena, gold)] == [0, 0, 1_501]
    assert len(gold.as_battles) == 45_853 + 1_501
    # one connected graph: otherwise this raises
    ratings = {rating.model: rating.strength for rating in rate_models(gold.as_battles, resamples=0)}
    assert max(ratings, key=lambda name: ratings[name]) == STRONG
    assert WEAK in ratings


def test_each_contender_learns_from_a_few_battles(data_folder: Path, tmp_path: Path) -> None:
    judge, *_ = read_training_sets(data_folder)
    few = type(judge)("few", judge.battles[:3000])
    for kind in ("sw_ranking", "mf"):
        router = CONTENDERS[kind][1](few, tmp_path)
        assert router.score(["What is a prime?", "Say hello."]).shape == (2,)


def test_transfer_says_how_far_the_pair_is_and_what_length_does(
    data_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transfer, "GSM8K_PAIRS", [("gpt-4o-2024-08-06", "Mixtral-8x7B-Instruct-v0.1")])
    monkeypatch.setattr(transfer, "SEEDS", 2)
    (found,) = transfer.gsm8k_transfer(data_folder, print)

    assert found.gap == pytest.approx(0.962 - 0.701, abs=2e-3)
    assert found.interval[0] < found.apgr < found.interval[1]
    assert found.length > found.apgr  # what the page says of GSM8K
    assert set(found.few) == {30, 100}
    assert 0.01 < found.chance < 0.03


def test_the_page_holds_what_was_measured() -> None:
    rng = np.random.default_rng(0)
    gain = (rng.random(60) < 0.4).astype(float)
    benchmark = Benchmark("x", [f"prompt {number}" for number in range(60)], np.zeros(60), gain)
    found = evaluate(RandomRouter(), benchmark)
    pair = transfer.TransferResult(
        "big", "small", 9, 0.25, 0.6, (0.5, 0.7), {30: 0.61, 100: 0.62}, 0.55, 0.02
    )
    text = page(
        [("SW", "judge", [found] * 3)], [pair], [pair], command="make results", day=date(2026, 1, 2), steps=7
    )

    assert (
        f"| judge | SW | {100 * found.cpt[0.5]:.1f} / {100 * found.cpt[0.8]:.1f} / {found.apgr:.3f}" in text
    )
    assert "| big / small | 9 | 0.250 | 0.600 (0.500-0.700) | 0.610 | 0.620 | 0.550 | 0.020 |" in text
    assert "| MF, arena+ | 35.5 / 71.4 / 0.597 | 38.8 / 72.6 / 0.565 | 13.4 / 31.3 / 0.802 |" in text
    assert "2026-01-02" in text
    assert "fine-tuned for 7 steps" in text


def test_the_committed_page_has_todays_default_router(data_folder: Path) -> None:
    committed = (ROOT / "docs/results.md").read_text()
    evaluations = command._evaluated(load_router("default"), data_folder)

    assert all(f"/ {e.apgr:.3f} (" in committed.split("default (ships)")[1][:300] for e in evaluations)
