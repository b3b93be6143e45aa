"""Arrays that stay on disk: mapped and read-only, verified, replaced whole, and never a pickle."""

import hashlib
import json
import mmap
from pathlib import Path

import numpy as np
import pytest

from routellm_core.checkpoints.arrays import array_digest, replace_array
from routellm_core.checkpoints.checkpoint import (
    Checkpoint,
    CheckpointError,
    read_checkpoint,
    write_checkpoint,
)

BIG = np.arange(12, dtype=np.float32).reshape(3, 4)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_checkpoint(tmp_path, Checkpoint("random", {"seed": 7}, arrays={"big": BIG}))
    return tmp_path


def put(folder: Path, content: bytes) -> None:
    """Put another file in place of the array, with its right digest."""
    (folder / "big.npy").write_bytes(content)
    config = json.loads((folder / "config.json").read_text())
    config["sha256"]["big.npy"] = hashlib.sha256(content).hexdigest()
    (folder / "config.json").write_text(json.dumps(config))


def is_mapped(array: np.ndarray | None) -> bool:  # type: ignore[type-arg]
    while isinstance(array, np.ndarray):
        array = array.base  # type: ignore[assignment]
    return isinstance(array, mmap.mmap)


def test_an_array_is_mapped_and_not_loaded(folder: Path) -> None:
    checkpoint = read_checkpoint(folder)
    found = checkpoint.array("big", (None, 4))

    assert found.tolist() == BIG.tolist()
    assert is_mapped(found)
    assert type(found) is np.ndarray
    with pytest.raises(ValueError, match="read-only"):
        found[0, 0] = 1.0
    assert sorted(path.name for path in folder.iterdir()) == ["big.npy", "config.json"]
    # neither a plain file nor a tensor
    assert "big.npy" not in checkpoint.files
    assert not checkpoint.tensors


def test_who_has_mapped_an_array_keeps_it_when_it_is_written_anew(folder: Path) -> None:
    found = read_checkpoint(folder).array("big", (3, 4))
    write_checkpoint(folder, Checkpoint("random", {"seed": 7}, arrays={"big": BIG + 1}))

    assert found.tolist() == BIG.tolist()
    again = read_checkpoint(folder)
    assert again.array("big", (3, 4)).tolist() == (BIG + 1).tolist()
    # from its own pages into its own file
    write_checkpoint(folder, again)
    assert read_checkpoint(folder).array("big", (3, 4)).tolist() == (BIG + 1).tolist()


def test_a_view_is_written_as_what_it_shows(tmp_path: Path) -> None:
    write_checkpoint(tmp_path, Checkpoint("random", {}, arrays={"big": BIG.T}))

    found = read_checkpoint(tmp_path).array("big", (4, 3))
    assert found.tolist() == BIG.T.tolist()
    # row by row, as it is read
    assert found.flags.c_contiguous


def test_damage_is_named(folder: Path) -> None:
    content = bytearray((folder / "big.npy").read_bytes())
    content[-1] ^= 1
    (folder / "big.npy").write_bytes(content)
    with pytest.raises(CheckpointError, match=r"big\.npy is damaged: its SHA-256 differs"):
        read_checkpoint(folder)
    (folder / "big.npy").unlink()
    with pytest.raises(CheckpointError, match=r"big\.npy can't be read"):
        read_checkpoint(folder)


def test_a_pickle_in_the_file_is_never_loaded(folder: Path, tmp_path: Path) -> None:
    objects = np.array([{"a": 1}, None], dtype=object)
    np.save(tmp_path / "pickled.npy", objects, allow_pickle=True)
    put(folder, (tmp_path / "pickled.npy").read_bytes())
    with pytest.raises(CheckpointError, match=r"big\.npy is not an array of numbers"):
        read_checkpoint(folder)
    with pytest.raises(ValueError, match="Object arrays cannot be saved"):
        write_checkpoint(folder, Checkpoint("random", {}, arrays={"big": objects}))


@pytest.mark.parametrize("content", [b"", b"no array", b"\x93NUMPY\x01\x00"])
def test_what_is_no_array_is_refused(folder: Path, content: bytes) -> None:
    put(folder, content)
    with pytest.raises(CheckpointError, match=r"big\.npy is not an array of numbers"):
        read_checkpoint(folder)


def test_no_array_outside_the_folder_is_read(folder: Path) -> None:
    config = json.loads((folder / "config.json").read_text())
    config["sha256"]["../big.npy"] = "0" * 64
    (folder / "config.json").write_text(json.dumps(config))
    with pytest.raises(CheckpointError, match="not a plain file name"):
        read_checkpoint(folder)


def test_values_that_are_not_finite_are_neither_written_nor_read(folder: Path, tmp_path: Path) -> None:
    # In the last of many blocks of rows.
    bad = np.ones((5, 2**21), dtype=np.float32)
    bad[-1, -2:] = np.nan, np.inf
    with pytest.raises(CheckpointError, match="'big' holds 2 values that are NaN or infinite"):
        write_checkpoint(tmp_path / "bad", Checkpoint("random", {}, arrays={"big": bad}))
    assert not (tmp_path / "bad").exists()
    np.save(tmp_path / "nan.npy", bad[:, -4:])
    put(folder, (tmp_path / "nan.npy").read_bytes())
    with pytest.raises(CheckpointError, match="NaN or infinite"):
        read_checkpoint(folder)


def test_what_is_missing_or_misshapen_is_named(folder: Path) -> None:
    checkpoint = read_checkpoint(folder)
    with pytest.raises(CheckpointError, match=r"the file 'small\.npy' is missing"):
        checkpoint.array("small", (None,))
    with pytest.raises(CheckpointError, match=r"'big' has shape \(3, 4\), expected \('any', 5\)"):
        checkpoint.array("big", (None, 5))


@pytest.mark.parametrize(
    "array", [np.arange(12.0).reshape(3, 4), np.zeros((0, 2)), np.arange(5, dtype=np.uint32)]
)
def test_a_digest_is_that_of_the_file(tmp_path: Path, array: np.ndarray) -> None:
    assert array_digest(array) == replace_array(tmp_path / "a.npy", array)
