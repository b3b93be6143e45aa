"""What a router was trained on: how near other prompts are, and which parts of it are damaged."""

from pathlib import Path

import numpy as np
import pytest

from routellm_core import load_router
from routellm_core.checkpoints.checkpoint import CheckpointError
from routellm_core.checkpoints.coverage import Coverage, prompt_hashes
from routellm_core.preferences.reading.labels import read_labels
from routellm_core.preferences.reading.prompts import read_prompts
from routellm_core.router import Router
from routellm_core.routers.random_router import RandomRouter


def test_similarity_is_the_cosine_to_the_nearest_centroid() -> None:
    coverage = Coverage(prompt_hashes([]), np.array([[1, 0], [0, 1]], dtype=np.float32), np.zeros(1))
    similarity = coverage.similarity(np.array([[2.0, 0.0], [1.0, 1.0], [-1.0, 0.0], [0.0, 0.0]]))

    assert similarity == pytest.approx([1.0, 0.5**0.5, 0.0, 0.0])


def test_a_router_without_it_says_so(tmp_path: Path) -> None:
    random: Router = RandomRouter()
    assert (random.coverage, random.training_similarity(["a"])) == (None, None)


def test_a_damaged_part_is_named() -> None:
    checkpoint = load_router("default").to_checkpoint()
    tensors = {name: value for name, value in checkpoint.tensors.items() if name != "coverage.hashes"}
    with pytest.raises(CheckpointError, match=r"no tensor 'coverage\.hashes'"):
        Coverage.from_checkpoint(type(checkpoint)(checkpoint.router, checkpoint.settings, tensors))


def test_the_default_router_knows_its_gold_questions_and_not_the_others(data_folder: Path) -> None:
    coverage = load_router("default").coverage
    assert coverage is not None
    gold = [label.prompt for label in read_labels(data_folder / "train/mmlu_gold_labels.jsonl.gz")]
    unseen = list(dict.fromkeys(read_prompts(data_folder / "transfer/gsm8k_many_models.jsonl.gz")))

    assert coverage.holds(gold).all()
    assert not coverage.holds(unseen).any()
