from pathlib import Path
from typing import Any

import numpy as np
import pytest

from routellm_core import RoutingPolicy, RoutingRequest, load_router
from routellm_core.checkpoints.checkpoint import Checkpoint, CheckpointError
from routellm_core.routers.random_router import RandomRouter

PROMPTS = [f"prompt {number}" for number in range(20_000)]


def test_a_prompt_keeps_its_score_in_any_batch_and_any_object() -> None:
    scores = RandomRouter(seed=7).score(PROMPTS[:10])

    assert RandomRouter(seed=7).score(PROMPTS[:10][::-1]).tolist() == scores[::-1].tolist()
    assert [RandomRouter(seed=7).score([prompt])[0] for prompt in PROMPTS[:10]] == scores.tolist()


def test_scores_are_the_same_on_every_machine() -> None:
    expected = [0.2175234290669208, 0.5121961569525458]
    assert RandomRouter(seed=0).score(["What is 2+2?", "日本語"]).tolist() == expected


def test_another_seed_gives_other_scores() -> None:
    seeds = [0, 1, -1, 2**40]
    scores = [float(RandomRouter(seed).score(["prompt"])[0]) for seed in seeds]

    assert len(set(scores)) == len(seeds)


def test_scores_are_uniform() -> None:
    scores = RandomRouter().score(PROMPTS)

    assert scores.dtype == np.float64
    assert scores.shape == (len(PROMPTS),)
    assert scores.min() >= 0.0
    assert scores.max() < 1.0
    # Kolmogorov-Smirnov: the largest distance from the uniform distribution, and its 1 % point.
    distance = np.abs(np.sort(scores) - np.arange(len(PROMPTS)) / len(PROMPTS)).max()
    assert distance < 1.63 / np.sqrt(len(PROMPTS))


@pytest.mark.parametrize("text", ["", " ", "\0\x01", "\ud800", "日本語", "🏳️‍🌈", "x" * 1_000_000])
def test_any_string_has_a_score(text: str) -> None:
    assert 0.0 <= RandomRouter().score([text])[0] < 1.0


def test_no_prompts_give_no_scores() -> None:
    assert RandomRouter().score([]).shape == (0,)


@pytest.mark.parametrize(
    ("prompts", "message"),
    [
        ("one prompt", r"got one str; write score\(\[prompt\]\)"),
        (b"one prompt", "got one bytes"),
        (None, "got NoneType"),
        (["fine", None], "prompt 1 is NoneType, expected str"),
        ([b"bytes"], "prompt 0 is bytes, expected str"),
        ([1], "prompt 0 is int, expected str"),
    ],
)
def test_what_is_no_list_of_strings_is_refused(prompts: Any, message: str) -> None:
    with pytest.raises(TypeError, match=message):
        RandomRouter().score(prompts)


@pytest.mark.parametrize("seed", [None, "7", 1.0, True])
def test_a_seed_that_is_no_whole_number_is_refused(seed: Any) -> None:
    with pytest.raises(TypeError, match=r"^seed is .*expected a whole number\.$"):
        RandomRouter(seed)


def test_it_saves_and_loads(tmp_path: Path) -> None:
    RandomRouter(seed=7).save(tmp_path)
    loaded = load_router(tmp_path)

    assert loaded.name == tmp_path.name
    assert loaded.score(PROMPTS[:10]).tolist() == RandomRouter(seed=7).score(PROMPTS[:10]).tolist()


def test_a_checkpoint_with_another_seed_type_is_refused_as_a_checkpoint() -> None:
    with pytest.raises(CheckpointError, match=r"^somewhere: seed is '7', expected a whole number\.$"):
        RandomRouter.from_checkpoint(Checkpoint("random", {"seed": "7"}, origin="somewhere"))


def test_load_router_takes_the_seed() -> None:
    assert load_router("random", seed=7).score(["a"]) == RandomRouter(seed=7).score(["a"])


def test_its_threshold_realises_the_share() -> None:
    policy = RoutingPolicy(RandomRouter(), 0.7)
    decisions = [policy.decide(RoutingRequest(prompt)) for prompt in PROMPTS]

    share = sum(decision.route == "strong" for decision in decisions) / len(decisions)
    assert share == pytest.approx(0.3, abs=0.02)
