"""Benchmarks in the published layout: what is read, what is left out, and how the default router does."""

import gzip
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from routellm_core import load_router
from routellm_core.checkpoints.coverage import Coverage, prompt_hashes
from routellm_core.evaluation.benchmark import Benchmark
from routellm_core.evaluation.benchmarks import NAMES, load_benchmark, without_trained
from routellm_core.evaluation.evaluation import Evaluation, evaluate
from routellm_core.evaluation.published_benchmarks import STRONG, WEAK
from routellm_core.preferences.reading.records import DataError

from tests.routers import FixedRouter


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
        scores = {"gpt-4-1106-preview": 1, "mixtral-8x7b-instruct-v0.1": 0}
        stream.write(json.dumps({"prompt": "P3?", "category": "law", "scores": scores}) + "\n")
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
    assert list(benchmark.categories) == ["art", "art"]
    assert benchmark.category_gains == {"law": 1.0}


def test_a_clone_of_the_original_serves_as_well(small_data: Path, tmp_path: Path) -> None:
    (tmp_path / "clone").mkdir()
    (small_data / "routellm_evals").rename(tmp_path / "clone/evals")
    (tmp_path / "clone/routellm").mkdir()
    (tmp_path / "clone/evals").rename(tmp_path / "clone/routellm/evals")

    benchmark = load_benchmark("mmlu", tmp_path / "clone")
    # without the gold labels, only a router that knows its training prompts can leave them out
    assert list(benchmark.prompts) == ["P1?", "P2?", "P3?"]
    assert benchmark.category_gains == {}
    router = FixedRouter(0.5)
    router.coverage = Coverage(prompt_hashes(["P3?", "Q?"]), np.eye(2, dtype=np.float32), np.zeros(3))
    unseen = without_trained(benchmark, FixedRouter(0.5), router)
    assert (list(unseen.prompts), unseen.weak.tolist()) == (["P1?", "P2?"], [1.0, 0.0])
    assert unseen.dropped == "1 contaminated, 1 seen in training"
    with pytest.raises(DataError, match="'mmlu-far' needs the gold labels"):
        load_benchmark("mmlu-far", tmp_path / "clone")


def test_a_benchmark_that_was_trained_on_whole_is_refused() -> None:
    benchmark = Benchmark("mine", ["a", "b"], np.zeros(2), np.ones(2))
    router = FixedRouter(0.5)
    router.coverage = Coverage(prompt_hashes(["a", "b"]), np.eye(2, dtype=np.float32), np.zeros(3))

    with pytest.raises(
        ValueError,
        match="every prompt of mine was used to train 'FixedRouter': it says nothing about new prompts",
    ):
        without_trained(benchmark, router)


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
    with pytest.raises(DataError, match="no score of 'huge'"):
        load_benchmark(str(path), None, strong="huge", weak="small")


def test_two_labels_of_one_prompt_become_one(tmp_path: Path) -> None:
    path = tmp_path / "mine.csv"
    path.write_text("prompt,category,big,small\nWhy?,x,1,0\nHow?,y,1,1\nWhy?,x,0,0\n")
    benchmark = load_benchmark(str(path), None, strong="big", weak="small")

    assert (list(benchmark.prompts), benchmark.strong.tolist()) == (["Why?", "How?"], [0.5, 1.0])
    assert list(benchmark.categories) == ["x", "y"]
    assert benchmark.dropped == "1 labels of repeated prompts, averaged"


def test_a_file_without_labels_is_refused(tmp_path: Path) -> None:
    (tmp_path / "none.jsonl").write_text("")
    with pytest.raises(DataError, match=r"none\.jsonl holds no label"):
        load_benchmark(str(tmp_path / "none.jsonl"), None, strong="big", weak="small")


def test_what_is_no_benchmark_is_refused(tmp_path: Path) -> None:
    with pytest.raises(
        ValueError, match="'mmul' is neither a file nor one of mmlu, mmlu-far, gsm8k, mt-bench"
    ):
        load_benchmark("mmul", tmp_path)
    with pytest.raises(ValueError, match="give --data or set ROUTELLM_DATA"):
        load_benchmark("mmlu", None)
    with pytest.raises(DataError, match=r"holds no routellm_evals/ or routellm/evals/"):
        load_benchmark("mmlu", tmp_path)


def test_a_response_that_is_not_graded_is_named(small_data: Path) -> None:
    path = small_data / "routellm_evals/mmlu/responses/mmlu_art.csv"
    path.write_text(path.read_text().replace("P2?,False", "P2?,maybe"))

    with pytest.raises(DataError, match=r"mmlu_art\.csv:3: field .* is 'maybe', expected True or False"):
        load_benchmark("mmlu", small_data)


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
    "mmlu": lambda e: e.apgr >= 0.635,
    "mmlu-far": lambda e: e.apgr >= 0.63,
    "gsm8k": lambda e: e.apgr >= 0.58,
    "mt-bench": lambda e: e.intervals.apgr[1] > 0.6,
}


@pytest.mark.parametrize("name", BARS)
def test_the_default_router_keeps_its_quality(data_folder: Path, name: str) -> None:
    assert BARS[name](evaluate(load_router("default"), load_benchmark(name, data_folder)))
