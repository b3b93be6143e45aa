"""Decontamination: closeness to evaluation prompts by embedding."""

import csv
import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from routellm_core import load_router
from routellm_core.preferences.cleaning.decontamination import nearest_similarity, similar_prompts
from routellm_core.preferences.cleaning.overlap import overlapping


class Plane:
    """Embeds "x y" as the point (x, y); counts what it embeds."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def embed(self, prompts: Sequence[str]) -> npt.NDArray[np.float64]:
        self.asked += prompts
        return np.array([[float(part) for part in prompt.split()] for prompt in prompts])


def test_the_nearest_cosine_whatever_the_length() -> None:
    prompts, others = ["5 0", "1 1", "0 -2", "0 0", "-1 0"], ["1 0", "0 3"]

    assert nearest_similarity(prompts, others, Plane()) == pytest.approx(
        [1.0, 0.5**0.5, 0.0, 0.0, 0.0], abs=1e-6
    )


@pytest.mark.parametrize("block", [1, 2, 3, 1000])
def test_blocks_change_nothing_and_each_distinct_text_is_embedded_once(block: int) -> None:
    rng = np.random.default_rng(0)
    prompts = [f"{x} {y}" for x, y in rng.normal(size=(7, 2)).round(3)]
    prompts += prompts[:3]
    others = [f"{x} {y}" for x, y in rng.normal(size=(4, 2)).round(3)] * 2
    plane = Plane()
    points, known = (Plane().embed(texts) for texts in (prompts, others))
    unit = [array / np.linalg.norm(array, axis=1, keepdims=True) for array in (points, known)]

    found = nearest_similarity(prompts, others, plane, block=block)

    assert found == pytest.approx((unit[0] @ unit[1].T).max(axis=1), abs=1e-5)
    assert sorted(plane.asked) == sorted({*prompts, *others})


def test_similar_from_the_threshold_on() -> None:
    angle = np.arccos(0.95)
    prompts = [f"{np.cos(a)} {np.sin(a)}" for a in (angle - 0.01, angle + 0.01, 0.0)]

    assert similar_prompts(prompts, ["2 0"], Plane()).tolist() == [True, False, True]
    assert similar_prompts(prompts, ["2 0"], Plane(), similarity=1.0).tolist() == [False, False, True]
    assert similar_prompts(prompts, [], Plane()).tolist() == [False] * 3
    assert similar_prompts([], ["2 0"], Plane()).tolist() == []


def test_nothing_to_compare_with_and_thresholds_out_of_range_are_refused() -> None:
    with pytest.raises(ValueError, match="others is empty"):
        nearest_similarity(["1 0"], [], Plane())
    with pytest.raises(ValueError, match=r"similarity is 0.0, expected"):
        similar_prompts(["1 0"], ["1 0"], Plane(), similarity=0.0)


def test_the_published_contaminated_pairs_are_found(data_folder: Path) -> None:
    pairs = [
        json.loads(line)
        for path in sorted((data_folder / "routellm_evals").glob("*/contaminated_prompts.jsonl"))
        for line in path.read_text(encoding="utf-8").splitlines()
    ]
    embedder = load_router("default").embedder.static  # type: ignore[attr-defined]
    found = [
        (
            overlapping([pair["train_prompt"]], [pair["eval_prompt"]], either_way=True)[0],
            similar_prompts([pair["train_prompt"]], [pair["eval_prompt"]], embedder)[0],
        )
        for pair in pairs
    ]
    words, meaning = np.array(found).T

    assert len(pairs) == 25
    assert words.sum() >= 20
    assert meaning.sum() >= 23
    assert (words | meaning).sum() >= 24


def test_unrelated_real_prompts_are_not_taken_for_contaminated(data_folder: Path) -> None:
    with (data_folder / "routellm_evals/gsm8k/gsm8k_responses.csv").open(encoding="utf-8") as stream:
        questions = [row["prompt"] for row in csv.DictReader(stream)]
    embedder = load_router("default").embedder.static  # type: ignore[attr-defined]
    half = len(questions) // 2

    assert similar_prompts(questions[:half], questions[half:], embedder).mean() < 0.01
    assert overlapping(questions[:half], questions[half:], either_way=True).mean() < 0.01
