"""Checkpoint files: read with their digests checked, and replaced whole; nothing here is ever a pickle."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy.typing as npt

from routellm_core.checkpoints.arrays import count_not_finite, file_digest, map_array
from routellm_core.checkpoints.whole_file import replaced_whole

CONFIG_FILE = "config.json"
TENSOR_FILE = "model.safetensors"
ARRAY_SUFFIX = ".npy"

REMEDY = "Save the router again with router.save(), or fetch the checkpoint again."


class CheckpointError(ValueError):
    """A checkpoint that can't be loaded; the message names the file, what is wrong and the remedy."""


def read_tensor_file(path: Path) -> dict[str, npt.NDArray[Any]]:
    """Read a safetensors file by itself, name -> array.

    Raises:
        CheckpointError: it is missing or damaged, or a tensor holds NaN or infinity.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise CheckpointError(f"{path} can't be read ({error.strerror}). {REMEDY}") from error
    return read_tensors(content, path.parent)


def read_verified(source: Path, name: str, digest: str) -> bytes:
    """Return the content of a file that a configuration lists.

    Raises:
        CheckpointError: the name leads elsewhere, or the file is missing or another one.
    """
    path = _plain_path(source, name)
    try:
        content = path.read_bytes()
    except OSError as error:
        raise CheckpointError(f"{path} can't be read ({error.strerror}). {REMEDY}") from error
    _check_digest(path, hashlib.sha256(content).hexdigest(), digest)
    return content


def map_verified(source: Path, name: str, digest: str) -> npt.NDArray[Any]:
    """Return the array of a file that a configuration lists, memory-mapped.

    Raises:
        CheckpointError: as `read_verified`, or it holds no array of numbers.
    """
    path = _plain_path(source, name)
    try:
        _check_digest(path, file_digest(path), digest)
        return map_array(path)
    except OSError as error:
        raise CheckpointError(f"{path} can't be read ({error.strerror}). {REMEDY}") from error
    except CheckpointError:
        raise
    except (EOFError, ValueError) as error:
        raise CheckpointError(f"{path} is not an array of numbers ({error}). {REMEDY}") from error


def _plain_path(source: Path, name: str) -> Path:
    # A name from a downloaded configuration must not reach outside its folder.
    if Path(name).name != name or name in ("", ".", ".."):
        raise CheckpointError(
            f"{source / CONFIG_FILE} lists {name!r}, which is not a plain file name. {REMEDY}"
        )
    return source / name


def _check_digest(path: Path, found: str, wanted: str) -> None:
    if found != wanted:
        raise CheckpointError(
            f"{path} is damaged: its SHA-256 differs from the one in {CONFIG_FILE}. {REMEDY}"
        )


def read_tensors(content: bytes, source: Path) -> dict[str, npt.NDArray[Any]]:
    """Return the tensors of a safetensors file's content, name -> array.

    Raises:
        CheckpointError: it is no such content, or a tensor holds NaN or infinity.
    """
    from safetensors import SafetensorError
    from safetensors.numpy import load

    try:
        tensors = load(content)
    except SafetensorError as error:
        raise CheckpointError(
            f"{source / TENSOR_FILE} is not a safetensors file ({error}). {REMEDY}"
        ) from error
    check_finite(tensors, str(source))
    return tensors


def check_finite(tensors: Mapping[str, npt.NDArray[Any]], origin: str) -> None:
    """Refuse NaN and infinity.

    Raises:
        CheckpointError: names the tensor.
    """
    for name, tensor in tensors.items():
        bad = count_not_finite(tensor)
        if bad:
            raise CheckpointError(f"{origin}: tensor {name!r} holds {bad} values that are NaN or infinite.")


def replace_file(path: Path, content: bytes) -> None:
    """Write a file in place of an older one, whole or not at all."""
    with replaced_whole(path) as stream:
        stream.write(content)
