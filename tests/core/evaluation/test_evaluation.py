"""A router on a benchmark: what is measured, what it is held against, and how a person sees it."""

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from routellm_core import load_router
from routellm_core.checkpoints.coverage import Coverage, prompt_hashes
from routellm_core.evaluation.benchmark import Benchmark
from routellm_core.evaluation.benchmarks import load_benchmark
from routellm_core.evaluation.evaluation import Costs, Evaluation, baselines, evaluate
from routellm_core.evaluation.paper_results import PAPER_RESULTS
from routellm_core.evaluation.tables import json_table, text_table
from routellm_core.router import Router, Scores
from routellm_core.routers.random_router import RandomRouter

N = 60


class ByLength(Router):
    def __init__(self, sign: float) -> None:
        self.sign = sign

    def score(self, prompts: Sequence[str]) -> Scores:
        return 0.5 + self.sign * np.array([len(prompt) for prompt in prompts]) / 1e6

    def training_similarity(self, prompts: Sequence[str]) -> Scores | None:
        return None if self.coverage is None else np.linspace(0.0, 1.0, len(prompts))


@pytest.fixture
def questions() -> Benchmark:
    """Long prompts are those that strong wins; the second category is the longer half."""
    prompts = ["x" * size for size in range(1, N + 1)]
    gain = (np.arange(N) >= N // 2).astype(float)
    categories = ["short"] * (N // 2) + ["long"] * (N // 2)
    return Benchmark("mine", prompts, np.zeros(N), gain, "3 odd ones", categories)


def test_what_is_measured_agrees_with_the_curve(questions: Benchmark) -> None:
    found = evaluate(ByLength(1.0), questions)

    assert found.apgr == pytest.approx(0.75)
    assert found.cpt == pytest.approx({0.2: 0.1, 0.5: 0.25, 0.8: 0.4})
    low, high = found.intervals.cpt[0.5]
    assert low < 0.25 < high
    # half of a half is right for any half
    assert found.cpt_held_out[0.5].share == pytest.approx(0.25, abs=0.03)
    assert found.cpt_held_out[0.5].pgr == pytest.approx(0.5, abs=0.06)
    assert (found.aiq, found.similarity) == (None, None)


def test_few_prompts_have_no_halves() -> None:
    tiny = Benchmark("tiny", ["a", "bb"], np.zeros(2), np.array([0.0, 1.0]))
    found = evaluate(ByLength(1.0), tiny)

    assert found.cpt_held_out == {}
    assert "chosen on one half" not in text_table([found])


def test_each_category_is_measured_by_itself(questions: Benchmark) -> None:
    short, long = sorted(evaluate(ByLength(1.0), questions).categories, key=lambda c: -ord(c.category[0]))

    assert (short.category, short.prompts, short.apgr, short.strong_share) == ("short", N // 2, None, 0.0)
    assert (long.category, long.strong_quality, long.strong_share) == ("long", 1.0, 1.0)
    assert long.apgr == pytest.approx(0.5)
    text = text_table([evaluate(ByLength(1.0), questions)], by_category=True)
    assert [line.split()[2:] for line in text.splitlines() if " short " in line] == [
        ["short", "30", "0.000", "0.000", "no", "gap", "0%"]
    ]


def test_the_baselines_are_what_their_names_say(questions: Benchmark) -> None:
    length, random, oracle = baselines(questions)

    assert [e.router for e in (length, random, oracle)] == ["prompt length", "random", "oracle"]
    assert length.apgr == pytest.approx(oracle.apgr)
    assert random.apgr == pytest.approx(0.5)
    low, high = random.intervals.apgr
    # 30 wins of 60: one random router's APGR has a standard deviation of 1/√(12·60)·…, about 0.037
    assert 0.40 < low < 0.45 < 0.55 < high < 0.60
    assert all(e.baseline for e in (length, random, oracle))


def test_the_category_baseline_knows_the_training_rows_alone(questions: Benchmark) -> None:
    told = Benchmark(**{**vars(questions), "category_gains": {"short": 0.9, "long": 0.1}})
    by_name = {e.router: e for e in baselines(told)}

    # the rows said that the short ones gain: here they do not
    assert by_name["category mean"].apgr == pytest.approx(0.25)
    other = Benchmark(**{**vars(questions), "category_gains": {"third": 1.0}})
    assert {e.router: e.apgr for e in baselines(other)}["category mean"] == pytest.approx(0.5)


def test_the_table_says_which_router_does_not_beat_a_baseline(questions: Benchmark) -> None:
    said = "mine: ByLength has learned nothing here that prompt length does not predict."
    for sign in (1.0, -1.0):
        assert said in text_table([evaluate(ByLength(sign), questions), *baselines(questions)])
    shorter = Benchmark("mine", questions.prompts, np.zeros(N), 1.0 - questions.strong)
    assert said not in text_table([evaluate(ByLength(-1.0), shorter), *baselines(shorter)])
    told = Benchmark(**{**vars(questions), "category_gains": {"short": 0.0, "long": 1.0}})
    table = text_table([evaluate(ByLength(-1.0), told), *baselines(told)])
    assert "ByLength has learned nothing here that the category's mean on the training rows" in table


def test_a_benchmark_outside_the_training_prompts_is_warned_of(questions: Benchmark) -> None:
    def table(five_percent: float) -> str:
        router = ByLength(1.0)
        router.coverage = Coverage(
            prompt_hashes(["t"]), np.eye(2, dtype=np.float32), np.array([0.0, five_percent, *[1.0] * 19])
        )
        return text_table([evaluate(router, questions)])

    near, far = table(0.2), table(0.9)
    assert "similarity to ByLength's training prompts 0.500; 20.0% of the prompts are outside" in near
    assert "WARNING" not in near
    assert "90.0% of the prompts are outside" in far
    assert "WARNING: mine is outside what ByLength was trained on" in far


def test_costs_add_a_column(questions: Benchmark) -> None:
    costs = Costs(np.zeros(N), np.ones(N))
    # quality rises by 1 with each strong call up to the half, then stays: 0.5·0.25 + 0.5·0.5
    assert evaluate(ByLength(1.0), questions, costs=costs).aiq == pytest.approx(0.375)
    table = text_table([evaluate(ByLength(1.0), questions, costs=costs), *baselines(questions, costs=costs)])
    header, _, row, *_ = table.splitlines()
    assert (header.split()[-1], row.split()[-1]) == ("AIQ", "0.375")


def test_tables_show_what_was_measured(questions: Benchmark) -> None:
    found = evaluate(RandomRouter(), questions)
    text = text_table([found])
    (row,) = json.loads(json_table([found]))

    assert (row["benchmark"], row["apgr"], row["baseline"]) == ("mine", found.apgr, False)
    assert [row["apgr_low"], row["apgr_high"]] == list(found.intervals.apgr)
    assert set(row["cpt"]) == set(row["cpt_interval"]) == set(row["cpt_held_out"]) == {"0.2", "0.5", "0.8"}
    assert [category["category"] for category in row["categories"]] == ["long", "short"]
    assert "curve" not in row
    assert f"{found.apgr:.3f}" in text
    assert "mine: left out 3 odd ones" in text


def test_the_papers_rows_stand_beside_its_benchmarks(questions: Benchmark) -> None:
    named = Benchmark(**{**vars(questions), "name": "mt-bench"})
    rows = [line for line in text_table([evaluate(ByLength(1.0), named)]).splitlines() if "paper: MF" in line]

    assert [row.split()[-3:] for row in rows] == [["0.802", "13.4", "31.3"]]
    assert "paper: MF" not in text_table([evaluate(ByLength(1.0), questions)])
    assert all(0.0 < row.cpt50 < row.cpt80 < 1.0 for rows in PAPER_RESULTS.values() for row in rows)


@pytest.mark.parametrize("suffix", [".png", ".svg"])
def test_curves_are_drawn_to_a_file(questions: Benchmark, tmp_path: Path, suffix: str) -> None:
    pytest.importorskip("matplotlib", reason="plots need the extra plot")
    from routellm_core.evaluation.plots import save_plot

    found: list[Evaluation] = [evaluate(RandomRouter(), questions), *baselines(questions)]
    save_plot(found, tmp_path / f"curves{suffix}")

    assert (tmp_path / f"curves{suffix}").stat().st_size > 1000
    with pytest.raises(ValueError, match="nothing to plot"):
        save_plot([], tmp_path / "none.png")


def test_on_real_questions_the_default_router_is_told_what_it_does_not_beat(data_folder: Path) -> None:
    benchmark = load_benchmark("mmlu", data_folder)
    by_name = {e.router: e for e in [evaluate(load_router("default"), benchmark), *baselines(benchmark)]}

    assert len(by_name["default"].categories) == 57
    assert len(benchmark.category_gains) == 57
    assert by_name["default"].apgr > by_name["prompt length"].apgr
    assert by_name["category mean"].apgr > 0.6
    assert by_name["default"].outside is not None
    assert by_name["default"].outside < 0.1
