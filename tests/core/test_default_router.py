"""The router in the wheel: its size, its scores, its quantiles, and that it holds nobody's prompts."""

import gzip
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from routellm_core import load_router
from routellm_core.calibration.share import threshold_for_share
from routellm_core.loading import DEFAULT_FOLDER
from routellm_core.routers.additive import AdditiveRouter

PINNED = {
    "What is the capital of France?": 0.53819511,
    "Prove that the square root of 2 is irrational.": 0.66676997,
    "A train leaves at 3 pm at 60 mph, another at 4 pm at 80 mph. When does it catch up?": 0.66285034,
    "Which of these is a noble gas?\nA. Iron\nB. Neon\nC. Oxygen\nD. Lead\nAnswer:": 0.63976183,
    "日本語で自己紹介してください": 0.56506323,
    "": 0.64904167,
}


@pytest.fixture(scope="module")
def router() -> AdditiveRouter:
    loaded = load_router("default")
    assert isinstance(loaded, AdditiveRouter)
    return loaded


def test_scores_stay_what_they_were(router: AdditiveRouter) -> None:
    assert router.score(list(PINNED)) == pytest.approx(list(PINNED.values()), abs=1e-6)


def test_it_is_small_and_complete() -> None:
    files = {path.name: path.stat().st_size for path in DEFAULT_FOLDER.iterdir()}

    assert set(files) == {"MODEL_CARD.md", "config.json", "model.safetensors", "pieces.txt", "tokenizer.json"}
    assert sum(files.values()) <= 16 * 2**20


def test_it_holds_no_path_of_the_machine_it_was_made_on() -> None:
    for path in DEFAULT_FOLDER.iterdir():
        assert not re.search(rb"/(?:home|root|Users|work|tmp)/\w", path.read_bytes()), path.name


def real_prompts(folder: Path) -> Iterator[str]:
    for path in sorted((folder / "train").glob("*.jsonl.gz")):
        with gzip.open(path, "rt", encoding="utf-8") as lines:
            yield from (json.loads(line)["prompt"] for line in lines)


def test_it_holds_no_prompt_of_the_data(data_folder: Path) -> None:
    contents = b"\n".join(path.read_bytes() for path in DEFAULT_FOLDER.iterdir())
    # Text alone: runs without control characters. The table's numbers are megabytes to search in vain.
    contents = b"\n".join(re.findall(rb"[^\x00-\x08\x0e-\x1f\x7f]{40,}", contents))
    # Any 40 characters in a row from the middle of a prompt.
    pieces = {prompt[len(prompt) // 3 :][:40] for prompt in real_prompts(data_folder)}

    assert [piece for piece in pieces if len(piece) == 40 and piece.encode("utf-8") in contents] == []


@pytest.mark.parametrize("share", [0.0, 0.1, 0.3, 0.5, 0.9, 1.0])
def test_a_share_gives_a_threshold_at_once(router: AdditiveRouter, share: float) -> None:
    assert router.score_quantiles is not None
    threshold = threshold_for_share(router, share)

    # Half a percent: equal scores, of a prompt that came many times, go one way together.
    assert (router.score_quantiles >= threshold).mean() == pytest.approx(share, abs=0.005)


def test_a_share_of_chat_prompts_is_of_the_asked_size(router: AdditiveRouter, data_folder: Path) -> None:
    # These prompts were not trained on.
    with gzip.open(data_folder / "train/judge_battles.jsonl.gz", "rt", encoding="utf-8") as lines:
        prompts = sorted({json.loads(line)["prompt"] for line in lines})
    share = float((router.score(prompts) >= threshold_for_share(router, 0.3)).mean())

    assert 0.15 <= share <= 0.45


def test_scores_are_win_rates_of_some_spread(router: AdditiveRouter) -> None:
    assert router.score_quantiles is not None
    low, high = np.quantile(router.score_quantiles, [0.01, 0.99])

    assert high - low > 0.05
    assert 0.3 < low < high < 0.9


FORK = """
import os, sys
from routellm_core import load_router
router = load_router("default")
prompts = ["What is 2+2?"] * 8
here = router.score(prompts)
child = os.fork()
if child == 0:
    os._exit(0 if (router.score(prompts) == here).all() else 1)
sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
def test_it_works_after_a_fork_without_a_warning() -> None:
    done = subprocess.run([sys.executable, "-c", FORK], capture_output=True, text=True, timeout=60)

    assert (done.returncode, done.stderr) == (0, "")
