"""The format of saved routers: what is damaged, newer or not finite is refused with a clear error."""

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from routellm_core import load_router
from routellm_core.checkpoints.checkpoint import (
    Checkpoint,
    CheckpointError,
    read_checkpoint,
    write_checkpoint,
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    tensors = {"weights": np.arange(6, dtype=np.float32).reshape(2, 3), "table": np.array([1], np.int8)}
    write_checkpoint(tmp_path, Checkpoint("random", {"seed": 7}, tensors, {"notes.txt": b"plain"}))
    return tmp_path


def change_config(folder: Path, change: Callable[[dict[str, Any]], object]) -> None:
    config = json.loads((folder / "config.json").read_text())
    change(config)
    (folder / "config.json").write_text(json.dumps(config))


def test_what_was_written_is_read(folder: Path) -> None:
    checkpoint = read_checkpoint(folder)

    assert checkpoint.router == "random"
    assert checkpoint.setting("seed") == 7
    assert checkpoint.tensor("weights", (2, None)).tolist() == [[0.0, 1.0, 2.0], [3.0, 4.0, 5.0]]
    assert checkpoint.file("notes.txt") == b"plain"
    assert sorted(path.name for path in folder.iterdir()) == ["config.json", "model.safetensors", "notes.txt"]


def test_the_same_router_gives_the_same_bytes(folder: Path, tmp_path: Path) -> None:
    write_checkpoint(tmp_path / "again", read_checkpoint(folder))

    for path in folder.iterdir():
        if path.is_file():
            assert (tmp_path / "again" / path.name).read_bytes() == path.read_bytes()


@pytest.mark.parametrize("name", ["model.safetensors", "notes.txt"])
def test_a_changed_byte_is_damage(folder: Path, name: str) -> None:
    content = bytearray((folder / name).read_bytes())
    content[-1] ^= 1
    (folder / name).write_bytes(content)

    with pytest.raises(CheckpointError, match=rf"{name} is damaged: its SHA-256 differs"):
        read_checkpoint(folder)


def test_a_missing_file_is_named(folder: Path) -> None:
    (folder / "notes.txt").unlink()

    with pytest.raises(CheckpointError, match=r"notes\.txt can't be read"):
        read_checkpoint(folder)
    with pytest.raises(FileNotFoundError, match=r"holds no config\.json: it is not a saved router"):
        read_checkpoint(folder / "absent")


def test_a_newer_format_says_how_to_upgrade(folder: Path) -> None:
    change_config(folder, lambda config: config.update(format_version=99))

    with pytest.raises(
        CheckpointError, match=r"format version 99; this .* reads up to 1\. Upgrade with: pip"
    ):
        load_router(folder)


@pytest.mark.parametrize("version", [None, "1", 0, True, 1.0])
def test_a_format_version_is_a_whole_number(folder: Path, version: Any) -> None:
    change_config(folder, lambda config: config.update(format_version=version))

    with pytest.raises(CheckpointError, match="expected a whole number"):
        read_checkpoint(folder)


@pytest.mark.parametrize("field", ["router", "settings", "sha256"])
def test_a_config_without_a_field_is_refused(folder: Path, field: str) -> None:
    change_config(folder, lambda config: config.pop(field))

    with pytest.raises(CheckpointError, match=f"'{field}' is None"):
        read_checkpoint(folder)


@pytest.mark.parametrize("text", ["", "{", "[]", "7"])
def test_a_config_that_is_no_json_object_is_refused(folder: Path, text: str) -> None:
    (folder / "config.json").write_text(text)

    with pytest.raises(CheckpointError, match=r"config\.json"):
        read_checkpoint(folder)


@pytest.mark.parametrize("name", ["../secret", "/etc/hostname", "a/b", "..", ".", ""])
def test_no_file_outside_the_folder_is_read(folder: Path, name: str) -> None:
    change_config(folder, lambda config: config["sha256"].update({name: "0" * 64}))

    with pytest.raises(CheckpointError, match="is not a plain file name"):
        read_checkpoint(folder)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_weights_that_are_not_finite_are_neither_written_nor_read(
    folder: Path, tmp_path: Path, value: float
) -> None:
    from safetensors.numpy import save

    bad = {"weights": np.array([1.0, value], np.float32)}
    with pytest.raises(CheckpointError, match="'weights' holds 1 values that are NaN or infinite"):
        write_checkpoint(tmp_path / "bad", Checkpoint("random", {"seed": 0}, bad))
    assert not (tmp_path / "bad").exists()

    content = save(bad)
    (folder / "model.safetensors").write_bytes(content)
    digest = hashlib.sha256(content).hexdigest()
    change_config(folder, lambda config: config["sha256"].update({"model.safetensors": digest}))
    with pytest.raises(CheckpointError, match="NaN or infinite"):
        read_checkpoint(folder)


def test_what_a_router_needs_and_misses_is_named(folder: Path) -> None:
    checkpoint = read_checkpoint(folder)

    with pytest.raises(CheckpointError, match="no setting 'pair'"):
        checkpoint.setting("pair")
    with pytest.raises(CheckpointError, match="no tensor 'bias'"):
        checkpoint.tensor("bias", (None,))
    with pytest.raises(CheckpointError, match=r"'weights' has shape \(2, 3\), expected \('any', 4\)"):
        checkpoint.tensor("weights", (None, 4))
    with pytest.raises(CheckpointError, match=r"'tokenizer\.json' is missing"):
        checkpoint.file("tokenizer.json")
