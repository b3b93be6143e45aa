"""`routellm train sw_ranking`: what it writes, saves and loads, and what it refuses."""

import json
import mmap
from argparse import ArgumentParser
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from routellm_core import load_router
from routellm_core.calibration.share import threshold_for_share
from routellm_core.checkpoints.checkpoint import CheckpointError, read_checkpoint, write_checkpoint
from routellm_core.commands import train_sw_ranking
from routellm_core.routers.similarity_weighted import SimilarityWeightedRouter

PROMPTS = ["Prove this theorem.", "Say hello to my friend.", "", "日本語"]


def rows() -> list[dict[str, str]]:
    made = []
    for n in range(30):
        for text, hard in (("Prove the theorem about primes", True), ("Say hello to my friend", False)):
            for a, b in (("large", "middle"), ("middle", "small"), ("large", "small")):
                winner = "model_a" if hard or n % 3 == 0 else "tie"
                made.append({"prompt": f"{text} {n}.", "model_a": a, "model_b": b, "winner": winner})
    return made


class Silent:
    """Finds nothing in any prompt."""

    def embed(self, prompts: Sequence[str]) -> npt.NDArray[np.float64]:
        return np.zeros((len(prompts), 256))


@pytest.fixture
def battles(tmp_path: Path) -> Path:
    path = tmp_path / "battles.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows()))
    return path


@pytest.fixture
def train(battles: Path, tmp_path: Path) -> Callable[..., str]:
    """Run the command; return its output."""

    def run(*arguments: str) -> str:
        parser = ArgumentParser()
        train_sw_ranking.add_arguments(parser)
        given = ["--battles", str(battles), "--out", str(tmp_path / "out"), *arguments]
        said: list[str] = []
        return "\n".join(train_sw_ranking.run(parser.parse_args(given), said.append))

    return run


def test_the_command_writes_a_router_that_routes_by_likeness(train: Any, tmp_path: Path) -> None:
    told = train("--strong", "large", "--weak", "small")
    router = load_router(tmp_path / "out")
    hard, easy = router.score(PROMPTS[:2])

    assert "180 battles on 60 prompts, 3 models in 3 tiers, strong large, weak small" in told
    assert isinstance(router, SimilarityWeightedRouter)
    assert router.name == "out"
    assert hard > easy + 0.005
    assert easy < threshold_for_share(router, 0.5) < hard
    # words alone, and none of the default router's surface features
    assert router.embedder.dimension == 256  # type: ignore[attr-defined]


def test_options_reach_the_router(train: Any, tmp_path: Path) -> None:
    train("--strong", "tier:0", "--weak", "tier:1", "--tiers", "2", "--scaling", "published")
    router = load_router(tmp_path / "out")
    assert isinstance(router, SimilarityWeightedRouter)

    assert (router.strong, router.weak, router.battles.tier_count) == ("tier:0", "tier:1", 2)
    assert (router.weighting.scaling, router.weighting.same_tier) == ("published", "exact")
    assert router.battles.nearest is None
    assert (router.score(PROMPTS[:2]) > 0.5).all()
    # from a router of its own kind
    train("--strong", "large", "--weak", "small", "--from", str(tmp_path / "out"), "--force")
    assert load_router(tmp_path / "out").score(PROMPTS).shape == (4,)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--strong", "huge", "--weak", "small"], "strong is 'huge', which occurs in no battle"),
        (
            ["--strong", "large", "--weak", "small", "--tiers", "4"],
            "tiers is 4, expected a whole number from 1",
        ),
        (["--strong", "large", "--weak", "small", "--tiers", "1"], "are both of tier 0"),
        (["--strong", "large", "--weak", "small", "--from", "random"], "a RandomRouter: it has no embedder"),
    ],
)
def test_bad_input_writes_nothing(train: Any, tmp_path: Path, arguments: list[str], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        train(*arguments)
    assert not (tmp_path / "out").exists()


def test_saved_and_loaded_it_scores_the_same_from_the_disk(train: Any, tmp_path: Path) -> None:
    train("--strong", "large", "--weak", "small")
    first = load_router(tmp_path / "out")
    first.save(tmp_path / "again", name="out")
    again = load_router(tmp_path / "again")
    assert isinstance(again, SimilarityWeightedRouter)
    assert again.score(PROMPTS).tolist() == first.score(PROMPTS).tolist()
    base: Any = again.battles.embeddings
    while isinstance(base, np.ndarray):
        base = base.base
    assert isinstance(base, mmap.mmap)
    for path in (tmp_path / "out").iterdir():
        assert path.read_bytes() == (tmp_path / "again" / path.name).read_bytes()
    silent = SimilarityWeightedRouter.from_checkpoint(read_checkpoint(tmp_path / "out"), embedder=Silent())
    assert silent.score(PROMPTS).tolist() == [first.score([""])[0]] * 4
    # no prompt of the battles is in the folder
    assert not any(b"theorem about" in path.read_bytes() for path in (tmp_path / "out").iterdir())


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"strong": "huge"}, "strong is 'huge', which occurs in no battle"),
        ({"models": "large"}, "models is 'large', expected a list"),
        ({"models": ["large", "middle"]}, "holds an index outside 0 to 1"),
        ({"tiers": [0, 1]}, r"tiers is \[0, 1\], expected a whole number from 0 to 2 for each of 3 models"),
        ({"tiers": [0, 1, "2"]}, r"tiers is \[0, 1, '2'\]"),
        ({"weighting": {"gamma": 0}}, "gamma is 0, expected a number above 1"),
        ({"weighting": {"kernel": 1}}, "unexpected keyword argument 'kernel'"),
        ({"embedder": {"kind": "oracle"}}, "the embedder is of kind 'oracle'"),
    ],
)
def test_a_checkpoint_that_does_not_fit_is_refused(
    train: Any, tmp_path: Path, change: dict[str, Any], message: str
) -> None:
    train("--strong", "large", "--weak", "small")
    whole = read_checkpoint(tmp_path / "out")
    settings = dict(whole.settings) | change
    broken = type(whole)(whole.router, settings, whole.tensors, whole.files, arrays=whole.arrays)
    write_checkpoint(tmp_path / "out", broken)
    with pytest.raises(CheckpointError, match=message):
        load_router(tmp_path / "out")


@pytest.mark.parametrize("name", ["embeddings", "nearest", "battles.row", "embedder.table"])
def test_a_checkpoint_without_a_part_is_refused(train: Any, tmp_path: Path, name: str) -> None:
    train("--strong", "large", "--weak", "small")
    whole = read_checkpoint(tmp_path / "out")
    tensors = {key: value for key, value in whole.tensors.items() if key != name}
    arrays = {key: value for key, value in whole.arrays.items() if key != name}
    (tmp_path / "out/embeddings.npy").unlink()
    write_checkpoint(
        tmp_path / "out", type(whole)(whole.router, whole.settings, tensors, whole.files, arrays=arrays)
    )
    with pytest.raises(CheckpointError, match=name):
        load_router(tmp_path / "out")
