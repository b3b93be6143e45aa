"""Checkpoint files: read with their digests checked, and replaced whole; nothing here is ever a pickle."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy.typing as npt

from routellm_core.checkpoints.arrays import count_not_finite, file_digest, map_array
from routellm_core.checkpoints.json_content import MOST_VALUES, parse_json
from routellm_core.checkpoints.plain_file import MOST_CONFIG_BYTES, read_plain
from routellm_core.checkpoints.whole_file import replaced_whole

CONFIG_FILE = "config.json"
TENSOR_FILE = "model.safetensors"
ARRAY_SUFFIX = ".npy"

TYPES = frozenset(["F64", "F32", "F16", "I64", "I32", "I16", "I8", "U64", "U32", "U16", "U8", "BOOL"])
"""Dtypes that a checkpoint's tensors may have, as safetensors names them; numpy has no others."""

_LONGEST = 1_500
"""Characters of a message: of a longer one the beginning and the end."""

REMEDY = "Save the router again with router.save(), or fetch the checkpoint again."


class CheckpointError(ValueError):
    """A checkpoint that can't be loaded; the message names the file, the fault and the remedy."""

    def __init__(self, message: str) -> None:
        # It repeats words of the file's, which may be a megabyte long.
        cut = message if len(message) <= _LONGEST else f"{message[: _LONGEST - 300]} ... {message[-300:]}"
        super().__init__(cut)


def read_file(path: Path, *, most: int | None = None) -> bytes:
    """Return the content of a file of a checkpoint; `most` is its size limit in bytes.

    Raises:
        CheckpointError: it can't be read, is no plain file, or is too large.
    """
    try:
        return read_plain(path, most=most)
    except OSError as error:
        raise CheckpointError(f"{path} can't be read ({error.strerror}). {REMEDY}") from error


def read_json(path: Path) -> Any:
    """Return the parsed content of a checkpoint's settings file.

    Raises:
        CheckpointError: it can't be read, is not JSON, or is larger or deeper than settings may be.
    """
    content = read_file(path, most=MOST_CONFIG_BYTES)
    try:
        return parse_json(content, most_values=MOST_VALUES)
    except ValueError as error:
        raise CheckpointError(f"{path} is not JSON ({error}). {REMEDY}") from error


def read_tensor_file(path: Path) -> dict[str, npt.NDArray[Any]]:
    """Read a safetensors file by itself, name -> array.

    Raises:
        CheckpointError: it is missing or damaged, or a tensor holds NaN or infinity.
    """
    return read_tensors(read_file(path), path.parent)


def read_verified(source: Path, name: str, digest: object) -> bytes:
    """Return the content of a file that a configuration lists.

    Raises:
        CheckpointError: the name leads elsewhere, or the file is missing or its digest differs.
    """
    path = _plain_path(source, name)
    content = read_file(path)
    _check_digest(path, hashlib.sha256(content).hexdigest(), digest)
    return content


def map_verified(source: Path, name: str, digest: object) -> npt.NDArray[Any]:
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
    except Exception as error:
        # numpy parses the header as a Python literal, which can raise almost anything.
        raise CheckpointError(f"{path} is not an array of numbers ({error}). {REMEDY}") from error


def _plain_path(source: Path, name: str) -> Path:
    # A name from a downloaded configuration must not reach outside its folder.
    if Path(name).name != name or name in ("", ".", "..") or not name.isprintable():
        raise CheckpointError(
            f"{source / CONFIG_FILE} lists {name!r}, which is not a plain file name. {REMEDY}"
        )
    return source / name


def _check_digest(path: Path, found: str, wanted: object) -> None:
    if found != wanted:
        raise CheckpointError(
            f"{path} is damaged: its SHA-256 differs from the one in {CONFIG_FILE}. {REMEDY}"
        )


def read_tensors(content: bytes, source: Path) -> dict[str, npt.NDArray[Any]]:
    """Return the tensors of a safetensors file's content, name -> array.

    Raises:
        CheckpointError: it is not such content, or a tensor's dtype is not in `TYPES`, or it holds NaN or
            infinity.
    """
    from safetensors import SafetensorError
    from safetensors.numpy import load

    try:
        _check_types(tensor_header(content))
        tensors = load(content)
    except (SafetensorError, ValueError, MemoryError) as error:
        raise CheckpointError(
            f"{source / TENSOR_FILE} is not a safetensors file ({error}). {REMEDY}"
        ) from error
    check_finite(tensors, str(source / TENSOR_FILE))
    return tensors


def tensor_header(content: bytes) -> dict[str, Any]:
    """Return the header of a safetensors file: name -> dtype, shape and offsets.

    Args:
        content: the file, or its beginning.

    Raises:
        ValueError: it is not such a header.
    """
    length = int.from_bytes(content[:8], "little")
    if length > MOST_CONFIG_BYTES:
        raise ValueError(f"its header has {length} bytes, expected at most {MOST_CONFIG_BYTES}")
    header = parse_json(content[8 : 8 + length], most_values=MOST_VALUES)
    if not isinstance(header, dict):
        raise ValueError("its header is not an object")
    header.pop("__metadata__", None)
    return header


def _check_types(header: Mapping[str, Any]) -> None:
    for name, described in header.items():
        kind = described.get("dtype") if isinstance(described, dict) else None
        if not isinstance(kind, str) or kind not in TYPES:
            raise ValueError(f"tensor {name!r} is of type {kind!r}, expected one of {sorted(TYPES)}")


def check_finite(tensors: Mapping[str, npt.NDArray[Any]], origin: str) -> None:
    """Reject NaN and infinity.

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
