"""Checkpoint: what a saved router is, on disk and in memory.

A folder with `config.json` (format version, class, settings, SHA-256 of every other file) and, where the
router has tensors, `model.safetensors`; a router may add plain files of its own, such as `tokenizer.json`,
and large arrays as `NAME.npy`, which stay on disk and are memory-mapped. Nothing here is ever a pickle.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from routellm_core.mapped_arrays import array_digest, count_not_finite, file_digest, map_array, replace_array

FORMAT_VERSION = 1
CONFIG_FILE = "config.json"
TENSOR_FILE = "model.safetensors"
ARRAY_SUFFIX = ".npy"


class CheckpointError(ValueError):
    """A checkpoint that can't be loaded; the message names the file, what is wrong and the remedy."""


@dataclass(frozen=True)
class Checkpoint:
    """A router, described.

    Attributes:
        router: the registered kind of router, such as "matrix_factorization".
        settings: JSON values that the router's `from_checkpoint` reads.
        tensors: name -> array; floating tensors must be finite.
        files: file name -> content, for what is neither settings nor tensor.
        arrays: name -> array that may be larger than memory: each has a file of its own, `NAME.npy`, which is
            memory-mapped and read-only when read; floating ones must be finite.
        origin: where it was read from, for messages.
        digest: `checkpoint_digest` where it is known, for a checkpoint that was read.
    """

    router: str
    settings: Mapping[str, Any]
    tensors: Mapping[str, npt.NDArray[Any]] = field(default_factory=dict)
    files: Mapping[str, bytes] = field(default_factory=dict)
    origin: str = "memory"
    arrays: Mapping[str, npt.NDArray[Any]] = field(default_factory=dict)
    digest: str | None = None

    def setting(self, name: str) -> Any:
        """Return one setting, or say that the checkpoint lacks it."""
        if name not in self.settings:
            raise CheckpointError(f"{self.origin}: {CONFIG_FILE} has no setting {name!r}. {_REMEDY}")
        return self.settings[name]

    def tensor(self, name: str, shape: tuple[int | None, ...]) -> npt.NDArray[Any]:
        """Return one tensor of the given shape (None: any length), or say what is wrong with it."""
        if name not in self.tensors:
            raise CheckpointError(f"{self.origin}: {TENSOR_FILE} has no tensor {name!r}. {_REMEDY}")
        return self._shaped(name, self.tensors[name], shape)

    def array(self, name: str, shape: tuple[int | None, ...]) -> npt.NDArray[Any]:
        """Return one memory-mapped array of the given shape (None: any length), or say what is wrong."""
        if name not in self.arrays:
            raise CheckpointError(f"{self.origin}: the file '{name}{ARRAY_SUFFIX}' is missing. {_REMEDY}")
        return self._shaped(name, self.arrays[name], shape)

    def _shaped(self, name: str, found: npt.NDArray[Any], shape: tuple[int | None, ...]) -> npt.NDArray[Any]:
        fits = found.ndim == len(shape) and all(
            wanted is None or wanted == have for wanted, have in zip(shape, found.shape, strict=True)
        )
        if not fits:
            wanted_text = tuple("any" if length is None else length for length in shape)
            raise CheckpointError(
                f"{self.origin}: tensor {name!r} has shape {found.shape}, expected {wanted_text}. {_REMEDY}"
            )
        return found

    def file(self, name: str) -> bytes:
        """Return one extra file's content, or say that the checkpoint lacks it."""
        if name not in self.files:
            raise CheckpointError(f"{self.origin}: the file {name!r} is missing. {_REMEDY}")
        return self.files[name]


_REMEDY = "Save the router again with router.save(), or fetch the checkpoint again."


def write_checkpoint(folder: str | PathLike[str], checkpoint: Checkpoint) -> None:
    """Write a checkpoint into `folder` (made where missing); each file replaces an older one whole.

    Raises:
        CheckpointError: a tensor holds NaN or infinity.
    """
    target = Path(folder)
    _check_finite({**checkpoint.tensors, **checkpoint.arrays}, str(target))
    contents = _contents(checkpoint)
    digests = {name: hashlib.sha256(content).hexdigest() for name, content in contents.items()}
    target.mkdir(parents=True, exist_ok=True)
    for name, array in checkpoint.arrays.items():
        digests[name + ARRAY_SUFFIX] = replace_array(target / (name + ARRAY_SUFFIX), array)
    config = _config(checkpoint, digests)
    for name, content in contents.items():
        _replace(target / name, content)
    # Last, so that a reader never finds a configuration whose files are not there yet.
    _replace(target / CONFIG_FILE, (json.dumps(config, indent=2, sort_keys=True) + "\n").encode())


def checkpoint_digest(checkpoint: Checkpoint) -> str:
    """Return the SHA-256 of all that a router is (kind, settings, content of every file), in hexadecimal."""
    if checkpoint.digest:
        return checkpoint.digest
    digests = {name: hashlib.sha256(content).hexdigest() for name, content in _contents(checkpoint).items()}
    digests |= {name + ARRAY_SUFFIX: array_digest(array) for name, array in checkpoint.arrays.items()}
    return _digest(_config(checkpoint, digests))


def read_checkpoint(folder: str | PathLike[str]) -> Checkpoint:
    """Read a checkpoint from `folder`.

    Raises:
        FileNotFoundError: the folder or its `config.json` does not exist.
        CheckpointError: a file is damaged or missing, the format is newer than this version reads, or a
            tensor holds NaN or infinity.
    """
    source = Path(folder)
    if not (source / CONFIG_FILE).is_file():
        raise FileNotFoundError(f"{source} holds no {CONFIG_FILE}: it is not a saved router.")
    config = _read_config(source / CONFIG_FILE)
    digests: dict[str, str] = config["sha256"]
    arrays = {
        name.removesuffix(ARRAY_SUFFIX): _map_verified(source, name, digest)
        for name, digest in digests.items()
        if name.endswith(ARRAY_SUFFIX)
    }
    _check_finite(arrays, str(source))
    files = {
        name: _read_verified(source, name, digest)
        for name, digest in digests.items()
        if not name.endswith(ARRAY_SUFFIX)
    }
    tensors = _read_tensors(files.pop(TENSOR_FILE), source) if TENSOR_FILE in files else {}
    return Checkpoint(
        config["router"], config["settings"], tensors, files, str(source), arrays, _digest(config)
    )


def _contents(checkpoint: Checkpoint) -> dict[str, bytes]:
    from safetensors.numpy import save

    contents = dict(checkpoint.files)
    if checkpoint.tensors:
        contents[TENSOR_FILE] = save({k: np.ascontiguousarray(v) for k, v in checkpoint.tensors.items()})
    return contents


def _config(checkpoint: Checkpoint, digests: Mapping[str, str]) -> dict[str, Any]:
    return {
        "format_version": FORMAT_VERSION,
        "router": checkpoint.router,
        "settings": dict(checkpoint.settings),
        "sha256": dict(sorted(digests.items())),
    }


def _digest(config: Mapping[str, Any]) -> str:
    told = {name: config[name] for name in ("router", "settings", "sha256")}
    return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()


def read_tensor_file(path: Path) -> dict[str, npt.NDArray[Any]]:
    """Read a safetensors file by itself, name -> array.

    Raises:
        CheckpointError: it is missing or damaged, or a tensor holds NaN or infinity.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise CheckpointError(f"{path} can't be read ({error.strerror}). {_REMEDY}") from error
    return _read_tensors(content, path.parent)


def _read_config(path: Path) -> dict[str, Any]:
    try:
        config = json.loads(path.read_bytes())
    except ValueError as error:
        raise CheckpointError(f"{path} is not JSON ({error}). {_REMEDY}") from error
    version = config.get("format_version") if isinstance(config, dict) else None
    if not isinstance(version, int) or isinstance(version, bool) or version < 1:
        raise CheckpointError(f"{path} has format_version {version!r}, expected a whole number. {_REMEDY}")
    if version > FORMAT_VERSION:
        raise CheckpointError(
            f"{path} has format version {version}; this routellm-plugins reads up to {FORMAT_VERSION}. "
            "Upgrade with: pip install -U routellm-plugins"
        )
    for name, kind in (("router", str), ("settings", dict), ("sha256", dict)):
        if not isinstance(config.get(name), kind):
            raise CheckpointError(
                f"{path}: {name!r} is {config.get(name)!r}, expected {kind.__name__}. {_REMEDY}"
            )
    return dict(config)


def _read_verified(source: Path, name: str, digest: str) -> bytes:
    path = _plain_path(source, name)
    try:
        content = path.read_bytes()
    except OSError as error:
        raise CheckpointError(f"{path} can't be read ({error.strerror}). {_REMEDY}") from error
    _check_digest(path, hashlib.sha256(content).hexdigest(), digest)
    return content


def _map_verified(source: Path, name: str, digest: str) -> npt.NDArray[Any]:
    path = _plain_path(source, name)
    try:
        _check_digest(path, file_digest(path), digest)
        return map_array(path)
    except OSError as error:
        raise CheckpointError(f"{path} can't be read ({error.strerror}). {_REMEDY}") from error
    except CheckpointError:
        raise
    except (EOFError, ValueError) as error:
        raise CheckpointError(f"{path} is not an array of numbers ({error}). {_REMEDY}") from error


def _plain_path(source: Path, name: str) -> Path:
    # A name from a downloaded configuration must not reach outside its folder.
    if Path(name).name != name or name in ("", ".", ".."):
        raise CheckpointError(
            f"{source / CONFIG_FILE} lists {name!r}, which is not a plain file name. {_REMEDY}"
        )
    return source / name


def _check_digest(path: Path, found: str, wanted: str) -> None:
    if found != wanted:
        raise CheckpointError(
            f"{path} is damaged: its SHA-256 differs from the one in {CONFIG_FILE}. {_REMEDY}"
        )


def _read_tensors(content: bytes, source: Path) -> dict[str, npt.NDArray[Any]]:
    from safetensors import SafetensorError
    from safetensors.numpy import load

    try:
        tensors = load(content)
    except SafetensorError as error:
        raise CheckpointError(
            f"{source / TENSOR_FILE} is not a safetensors file ({error}). {_REMEDY}"
        ) from error
    _check_finite(tensors, str(source))
    return tensors


def _check_finite(tensors: Mapping[str, npt.NDArray[Any]], origin: str) -> None:
    for name, tensor in tensors.items():
        bad = count_not_finite(tensor)
        if bad:
            raise CheckpointError(f"{origin}: tensor {name!r} holds {bad} values that are NaN or infinite.")


def _replace(path: Path, content: bytes) -> None:
    part = path.with_name(path.name + ".part")
    part.write_bytes(content)
    os.replace(part, path)
