"""Benchmarks in the published layout: what is read, what is left out, and how the default router does."""

import gzip
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from routellm_core import load_router
from routellm_core.evaluation.benchmarks import NAMES, STRONG, WEAK, Benchmark, load_benchmark
from routellm_core.evaluation.bootstrap import apgr_interval
from routellm_core.evaluation.evaluation import Evaluation, baselines, evaluate
from routellm_core.evaluation.metrics import apgr
from routellm_core.evaluation.tables import json_table, text_table
from routellm_core.preferences.overlap import overlapping
from routellm_core.preferences.records import DataError
from routellm_core.router import Router, Scores
from routellm_core.routers.random import RandomRouter


@pytest.fixture
def small_data(tmp_path: Path) -> Path:
    """A data folder of the published layout with a few invented rows."""

    def write(path: str, lines: list[Any]) -> None:
        target = tmp_path / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text("".join((x if isinstance(x, str) else json.dumps(x)) + "\n" for x in lines))

    header = f"prompt,{WEAK},{STRONG}"
    write("routellm_evals/mmlu/responses/mmlu_art.csv", [header, "P1?,True,True", "P2?,False,True"])
    write("routellm_evals/mmlu/responses/mmlu_law.csv", [header, "P3?,False,True", "P4?,False,False"])
    write("routellm_evals/mmlu/contaminated_prompts.jsonl", [{"eval_prompt": "P4?"}])
    (tmp_path / "train").mkdir()
    with gzip.open(tmp_path / "train/mmlu_gold_labels.jsonl.gz", "wt") as stream:
        stream.write(json.dumps({"prompt": "P3?", "scores": {"a": 1, "b": 0}}) + "\n")
    write(
        "routellm_evals/gsm8k/gsm8k_responses.csv",
        [f"{header},{WEAK}_response,{STRONG}_response", "Q1?,False,True,no,yes", "Q2?,True,True,yes,yes"],
    )
    write("routellm_evals/gsm8k/contaminated_prompts.jsonl", [])
    write(
        "routellm_evals/mt_bench/question.jsonl",
        [{"question_id": 81, "turns": ["First?", "Second?"]}, {"question_id": 82, "turns": ["Known?", "-"]}],
    )
    write(
        "routellm_evals/mt_bench/judgements.jsonl",
        [
            {"question_id": question, "model": model, "turn": turn, "score": score}
            for question in (81, 82)
            for model, scores in ((STRONG, (9, 10)), (WEAK, (7, 4)))
            for turn, score in enumerate(scores, start=1)
        ],
    )
    write("routellm_evals/mt_bench/contaminated_prompts.jsonl", [{"eval_prompt": "Known?"}])
    return tmp_path


def test_mmlu_leaves_out_contaminated_and_gold_questions(small_data: Path) -> None:
    benchmark = load_benchmark("mmlu", small_data)

    assert list(benchmark.prompts) == ["P1?", "P2?"]
    assert benchmark.weak.tolist() == [1.0, 0.0]
    assert benchmark.strong.tolist() == [1.0, 1.0]
    assert benchmark.dropped == "1 contaminated, 1 gold"


def test_gsm8k_reads_the_graded_columns(small_data: Path) -> None:
    benchmark = load_benchmark("gsm8k", small_data)

    assert (benchmark.weak.tolist(), benchmark.strong.tolist()) == ([0.0, 1.0], [1.0, 1.0])


def test_mt_bench_routes_on_the_first_turn_and_averages_both(small_data: Path) -> None:
    benchmark = load_benchmark("mt-bench", small_data)

    assert list(benchmark.prompts) == ["First?"]
    assert (benchmark.weak.tolist(), benchmark.strong.tolist()) == ([5.5], [9.5])


def test_a_file_of_labels_is_a_benchmark(tmp_path: Path) -> None:
    path = tmp_path / "mine.jsonl"
    path.write_text('{"prompt": "Why?", "scores": {"big": 0.9, "small": 0.4}}\n')
    benchmark = load_benchmark(str(path), None, strong="big", weak="small")

    assert (benchmark.name, benchmark.weak.tolist(), benchmark.strong.tolist()) == (
        "mine.jsonl",
        [0.4],
        [0.9],
    )
    with pytest.raises(ValueError, match="name its models with --strong and --weak"):
        load_benchmark(str(path), None)
    with pytest.raises(DataError, match="has no score of 'huge'"):
        load_benchmark(str(path), None, strong="huge", weak="small")


def test_what_is_no_benchmark_is_refused(tmp_path: Path) -> None:
    with pytest.raises(
        ValueError, match="'mmul' is neither a file nor one of mmlu, mmlu-far, gsm8k, mt-bench"
    ):
        load_benchmark("mmul", tmp_path)
    with pytest.raises(ValueError, match="give --data or set ROUTELLM_DATA"):
        load_benchmark("mmlu", None)
    with pytest.raises(DataError, match="holds no routellm_evals/"):
        load_benchmark("mmlu", tmp_path)


def test_a_response_that_is_not_graded_is_named(small_data: Path) -> None:
    path = small_data / "routellm_evals/mmlu/responses/mmlu_art.csv"
    path.write_text(path.read_text().replace("P2?,False", "P2?,maybe"))

    with pytest.raises(DataError, match=r"mmlu_art\.csv:3: field .* is 'maybe', expected True or False"):
        load_benchmark("mmlu", small_data)


def test_half_of_the_word_sequences_make_a_near_duplicate() -> None:
    words = [f"w{k}" for k in range(40)]
    trained = [" ".join(words), "short and sweet", " ".join(f"v{k}" for k in range(40))]
    prompts = [
        " ".join(words[:30]),  # all of its 18 sequences
        " ".join([*words[:20], *map(str, range(20))]),  # 8 of 28
        " ".join([*words[:18], *(f"v{k}" for k in range(18))]),  # 6 of 24 of one, 6 of another
        " ".join([*words[:30], *map(str, range(5))]),  # 18 of 23
        "SHORT, and sweet!",
        "short",
        "",
    ]

    assert overlapping(prompts, trained).tolist() == [True, False, False, True, True, False, False]


def test_the_interval_covers_the_value_and_shrinks_with_more_prompts() -> None:
    rng = np.random.default_rng(1)

    def interval(n: int) -> tuple[float, float]:
        scores = np.round(rng.random(n), 2)
        weak = (rng.random(n) < 0.5).astype(float)
        strong = np.maximum(weak, rng.random(n) < 0.4 + 0.4 * scores)
        low, high = apgr_interval(scores, weak, strong)
        assert low < apgr(scores, weak, strong) < high
        return low, high

    few, many = interval(60), interval(6000)
    assert many[1] - many[0] < 0.25 * (few[1] - few[0])


def test_the_interval_of_a_certain_curve_is_a_point() -> None:
    assert apgr_interval([0.5] * 10, [0.0] * 10, [1.0] * 10) == (0.5, 0.5)
    with pytest.raises(ValueError, match="confidence is 95"):
        apgr_interval([0.5], [0.0], [1.0], confidence=95)


@pytest.fixture
def evaluation(small_data: Path) -> Evaluation:
    return evaluate(RandomRouter(), load_benchmark("mmlu", small_data))


def test_tables_show_what_was_measured(evaluation: Evaluation) -> None:
    text = text_table([evaluation])
    (row,) = json.loads(json_table([evaluation]))

    assert row["benchmark"] == "mmlu"
    assert row["apgr"] == evaluation.apgr
    assert set(row["cpt"]) == {"0.2", "0.5", "0.8"}
    assert "curve" not in row
    assert f"{evaluation.apgr:.3f}" in text
    assert "mmlu: left out 1 contaminated, 1 gold" in text


@pytest.mark.parametrize("suffix", [".png", ".svg"])
def test_curves_are_drawn_to_a_file(evaluation: Evaluation, tmp_path: Path, suffix: str) -> None:
    pytest.importorskip("matplotlib", reason="plots need the extra plot")
    from routellm_core.evaluation.plots import save_plot

    save_plot([evaluation, evaluation], tmp_path / f"curves{suffix}")

    assert (tmp_path / f"curves{suffix}").stat().st_size > 1000
    with pytest.raises(ValueError, match="nothing to plot"):
        save_plot([], tmp_path / "none.png")


COUNTS = {"mmlu": 12_511, "mmlu-far": 12_314, "gsm8k": 1_307, "mt-bench": 72}


@pytest.mark.parametrize("name", NAMES)
def test_the_real_benchmarks_have_the_known_size_and_gap(data_folder: Path, name: str) -> None:
    benchmark = load_benchmark(name, data_folder)

    assert len(benchmark.prompts) == COUNTS[name]
    if name == "gsm8k":
        assert benchmark.weak.mean() == pytest.approx(0.6373, abs=1e-4)
    if name == "mt-bench":
        assert benchmark.weak.mean() == pytest.approx(8.281, abs=1e-3)
        assert benchmark.strong.mean() == pytest.approx(9.212, abs=1e-3)


BARS: dict[str, Callable[[Evaluation], bool]] = {
    "mmlu": lambda e: e.apgr >= 0.62,
    "mmlu-far": lambda e: e.apgr >= 0.62,
    "gsm8k": lambda e: e.apgr >= 0.58,
    "mt-bench": lambda e: e.apgr_low > 0.5,
}


@pytest.mark.parametrize("name", BARS)
def test_the_default_router_keeps_its_quality(data_folder: Path, name: str) -> None:
    assert BARS[name](evaluate(load_router("default"), load_benchmark(name, data_folder)))


class ByLength(Router):
    def __init__(self, sign: float) -> None:
        self.sign = sign

    def score(self, prompts: Sequence[str]) -> Scores:
        return 0.5 + self.sign * np.array([len(prompt) for prompt in prompts]) / 1e6


def test_the_table_says_which_router_does_not_beat_the_prompts_length() -> None:
    prompts = ["x" * size for size in range(1, 41)]
    gain = np.arange(40) >= 20  # long prompts are those that strong wins
    benchmark = Benchmark("mine", prompts, np.zeros(40), gain.astype(float))
    length, random, oracle = baselines(benchmark)

    assert length.apgr == pytest.approx(oracle.apgr)
    assert random.apgr == pytest.approx(0.5)
    assert [e.baseline for e in (length, random, oracle)] == [True, True, True]
    said = "mine: ByLength has learned nothing here that the length of the prompt does not tell."
    for sign in (1.0, -1.0):
        assert said in text_table([evaluate(ByLength(sign), benchmark), length, random, oracle])
    shorter = Benchmark("mine", prompts, np.zeros(40), (~gain).astype(float))
    assert said not in text_table([evaluate(ByLength(-1.0), shorter), *baselines(shorter)])
