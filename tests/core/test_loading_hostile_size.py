"""What a few bytes of a checkpoint may cost: loading takes little more memory than they do, and ends soon."""

import json
import shutil
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from routellm_core import load_router
from routellm_core.checkpoints.checkpoint import Checkpoint, CheckpointError, write_checkpoint
from routellm_core.checkpoints.config_file import config_digest
from routellm_core.embedders.kept_labels import KeptLabels
from routellm_core.loading import DEFAULT_FOLDER

from tests.core.hostile_checkpoints import (
    change_config,
    put,
    put_tensor,
    raw_array,
    raw_tensors,
    refused,
    small_adapted,
    small_ranking,
    write_small,
)

MEGABYTE = 2**20


def default(folder: Path) -> Path:
    shutil.copytree(DEFAULT_FOLDER, folder)
    return folder


def adapted(folder: Path) -> Path:
    write_checkpoint(folder, small_adapted().to_checkpoint())
    return folder


def ranking(folder: Path) -> Path:
    write_checkpoint(folder, small_ranking().to_checkpoint())
    return folder


def many_tokens(folder: Path) -> None:
    rows = 2_000_000
    put_tensor(folder, "known", np.zeros(rows, np.bool_))
    put_tensor(folder, "tokens", np.zeros((rows, 2), np.float32))


def many_pieces(folder: Path) -> None:
    put(folder, "pieces.txt", b"\n" * 2_000_000)
    put_tensor(folder, "pieces.scores", np.zeros(2_000_001, np.float32))


def many_battles(folder: Path) -> None:
    for name, kind in (("row", np.int32), ("first", np.int32), ("second", np.int32), ("target", np.float32)):
        put_tensor(folder, f"battles.{name}", np.ones(500_000, kind))


def narrow(tensor: str, rows: int) -> Callable[[Path], None]:
    return lambda folder: put_tensor(folder, tensor, np.zeros((rows, 10_000_000), np.int8))


def many_quantiles(folder: Path) -> None:
    put_tensor(folder, "score_quantiles", np.linspace(0.0, 1.0, 1_000_000))


def kept(content: bytes) -> Callable[[Path], None]:
    return lambda folder: put(folder, "labels.jsonl", content)


NESTED = b'{"prompt": "", "weak": 0, "strong": [' + b"[]," * 500_000 + b"[]]}\n"
NO_LABELS = b'{"prompt":0,"strong":0,"weak":0}\n' * 300_000
ONE_ROW = b'{"prompt": "' + b"x" * 9 * MEGABYTE + b'", "strong": 0, "weak": 0}\n'

BOMBS: dict[str, tuple[Callable[[Path], Path], Callable[[Path], None], str]] = {
    "tokens": (adapted, many_tokens, "'known' has 2000000 rows in 2000000 bytes"),
    "pieces": (default, many_pieces, "pieces.txt has 2000001 rows in 2000000 bytes"),
    "battles": (ranking, many_battles, "the table of battles has 500000 rows"),
    "narrow projection": (write_small, narrow("projection", 2), "20000000 numbers of 8 bits"),
    "narrow centroids": (default, narrow("coverage.centroids", 1), "10000000 numbers of 8 bits"),
    "quantiles": (default, many_quantiles, "does not hold two or more ascending numbers"),
    "nested labels": (adapted, kept(NESTED), "without a prompt and both qualities"),
    "other rows": (adapted, kept(NO_LABELS), "without a prompt and both qualities"),
    "a long row": (adapted, kept(ONE_ROW), "holds a row of more than"),
    "deep labels": (adapted, kept(b"[" * MEGABYTE + b"]" * MEGABYTE), "nested too deeply|more than"),
}


def size_of(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


@pytest.mark.parametrize("bomb", BOMBS)
def test_few_bytes_take_little_memory(tmp_path: Path, bomb: str) -> None:
    write, change, reason = BOMBS[bomb]
    folder = write(tmp_path / "router")
    change(folder)
    load_router("default")
    tracemalloc.start()
    try:
        refused(folder, reason)
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert most < 3 * size_of(folder) + 50 * MEGABYTE


@pytest.mark.parametrize("shape", [[2**60, 0], [2**40, 2**20, 0], [0, 2**60]])
def test_a_tensor_without_numbers_takes_no_time(tmp_path: Path, shape: list[int]) -> None:
    folder = write_small(tmp_path / "router")
    header = {"a": {"dtype": "F32", "shape": shape, "data_offsets": [0, 0]}}
    put(folder, "model.safetensors", raw_tensors(header))
    refused(folder, "has no tensor")


def test_an_array_without_columns_takes_no_time(tmp_path: Path) -> None:
    folder = ranking(tmp_path / "router")
    header = "{'descr': '<f4', 'fortran_order': False, 'shape': (576460752303423488, 0), }"
    put(folder, "embeddings.npy", raw_array(header.ljust(117) + "\n"))
    refused(folder, "embeddings' has 576460752303423488 rows in 0 bytes")


def test_routers_that_are_links_to_each_other_are_few(tmp_path: Path) -> None:
    level = tmp_path / "level"
    write_checkpoint(level, Checkpoint("random", {"seed": 0}))
    for number in range(7):
        config: dict[str, Any] = json.loads((level / "config.json").read_text())
        above = tmp_path / f"level{number}"
        above.mkdir()
        names = [f"part{link}" for link in range(9)]
        for name in names:
            (above / name).symlink_to(level)
        inner = dict.fromkeys(names, config_digest(config))
        (above / "config.json").write_text(json.dumps({**config, "inner": inner}))
        level = above
    refused(level, "is one of more than 16 routers inside another")


def test_a_coverage_without_centroids_is_like_nothing(tmp_path: Path) -> None:
    folder = default(tmp_path / "router")
    put_tensor(folder, "coverage.centroids", np.zeros((0, 256), np.float32))
    assert load_router(folder).training_similarity(["What is 2+2?", ""]).tolist() == [0.0, 0.0]  # type: ignore[union-attr]


def test_a_files_long_words_are_not_repeated_whole(tmp_path: Path) -> None:
    folder = write_small(tmp_path / "router")
    change_config(folder, lambda config: config.update(router="x" * 500_000))
    with pytest.raises(CheckpointError) as caught:
        load_router(folder)
    assert len(str(caught.value)) < 2_000
    assert "Install the package" in str(caught.value)


def test_kept_labels_are_read_when_they_are_asked_for() -> None:
    labels = KeptLabels([("What is, {[2+2?", 1.0, None), ("漢字 \ud800", 0, 0.5)])
    again = KeptLabels.from_bytes(labels.to_bytes())
    assert again.to_bytes() == labels.to_bytes()
    assert again.labels == labels.labels == (("What is, {[2+2?", 1.0, None), ("漢字 \ud800", 0, 0.5))
    assert KeptLabels.from_bytes(b"").labels == ()
