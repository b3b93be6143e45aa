"""Checkpoint: what a saved router is, on disk and in memory.

A folder with `config.json` (format version, name, class, settings, SHA-256 of every other file) and, where
the router has tensors, `model.safetensors`; a router may add plain files of its own, such as
`tokenizer.json`, and large arrays as `NAME.npy`, which stay on disk and are memory-mapped. A router that uses
other routers has each of them in a folder inside its own. Nothing here is ever a pickle.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from os import PathLike
from os.path import lexists
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from routellm_core.checkpoints.arrays import array_digest, replace_array
from routellm_core.checkpoints.config_file import FORMAT_VERSION, config_digest, read_config
from routellm_core.checkpoints.files import (
    ARRAY_SUFFIX,
    REMEDY,
    check_finite,
    map_verified,
    read_tensors,
    read_verified,
    replace_file,
)
from routellm_core.checkpoints.files import CONFIG_FILE as CONFIG_FILE
from routellm_core.checkpoints.files import TENSOR_FILE as TENSOR_FILE
from routellm_core.checkpoints.files import CheckpointError as CheckpointError

DEEPEST = 8
"""Nesting limit of inner routers: a link could make a folder contain itself."""

MOST_INNER = 16
"""Most inner routers in all: links could make a few folders contain each other a million times."""

MOST_NARROW = 1_000_000
"""Most numbers of less than 32 bits: in memory they are widened, to eight times the size."""

MOST_QUANTILES = 100_000


@dataclass(frozen=True)
class Checkpoint:
    """A router as data.

    Attributes:
        router: the registered kind of router, such as "matrix_factorization".
        settings: JSON values that the router's `from_checkpoint` reads.
        tensors: name -> array; floating tensors must be finite.
        files: file name -> content, for anything that is neither a setting nor a tensor.
        arrays: name -> array that may be larger than memory: each has a file of its own, `NAME.npy`, which is
            memory-mapped and read-only when read; floating ones must be finite.
        origin: where it was read from, for messages.
        digest: `checkpoint_digest` if known, for a checkpoint that was read.
        name: the router's name; it affects no score and is not part of the digest.
        inner: name of a folder -> another router that this one asks.
        allow_hosts: hosts that whoever loads the checkpoint lets its settings name; see `load_router`.
    """

    router: str
    settings: Mapping[str, Any]
    tensors: Mapping[str, npt.NDArray[Any]] = field(default_factory=dict)
    files: Mapping[str, bytes] = field(default_factory=dict)
    origin: str = "memory"
    arrays: Mapping[str, npt.NDArray[Any]] = field(default_factory=dict)
    digest: str | None = None
    name: str | None = None
    inner: Mapping[str, Checkpoint] = field(default_factory=dict)
    allow_hosts: frozenset[str] = frozenset()

    def setting(self, name: str) -> Any:
        """Return one setting; CheckpointError if it is missing."""
        if name not in self.settings:
            raise CheckpointError(f"{self.origin}: {CONFIG_FILE} has no setting {name!r}. {REMEDY}")
        return self.settings[name]

    def tensor(self, name: str, shape: tuple[int | None, ...], *, narrow: bool = False) -> npt.NDArray[Any]:
        """Return one tensor.

        Args:
            name: the tensor's.
            shape: what it has to be; None for any length.
            narrow: whether its numbers stay as narrow as they are, so that it may hold many of them.

        Raises:
            CheckpointError: it is missing, or does not fit.
        """
        if name not in self.tensors:
            raise CheckpointError(f"{self.origin}: {TENSOR_FILE} has no tensor {name!r}. {REMEDY}")
        found = self._shaped(name, self.tensors[name], shape)
        if found.itemsize < 4 and found.size > MOST_NARROW and not narrow:
            raise CheckpointError(
                f"{self.origin}: tensor {name!r} holds {found.size} numbers of {8 * found.itemsize} bits, "
                f"expected 32 or 64 bits where there are more than {MOST_NARROW}. {REMEDY}"
            )
        return found

    def array(self, name: str, shape: tuple[int | None, ...]) -> npt.NDArray[Any]:
        """Return one memory-mapped array of the given shape (None: any length), likewise."""
        if name not in self.arrays:
            raise CheckpointError(f"{self.origin}: the file '{name}{ARRAY_SUFFIX}' is missing. {REMEDY}")
        return self._shaped(name, self.arrays[name], shape)

    def _shaped(self, name: str, found: npt.NDArray[Any], shape: tuple[int | None, ...]) -> npt.NDArray[Any]:
        fits = found.ndim == len(shape) and all(
            wanted is None or wanted == have for wanted, have in zip(shape, found.shape, strict=True)
        )
        if not fits:
            wanted_text = tuple("any" if length is None else length for length in shape)
            raise CheckpointError(
                f"{self.origin}: tensor {name!r} has shape {found.shape}, expected {wanted_text}. {REMEDY}"
            )
        return found

    @contextmanager
    def reading(self, part: str | None = None) -> Iterator[None]:
        """Raise a CheckpointError if the block rejects what this checkpoint holds.

        Args:
            part: what the block makes, for the message; None for the router itself.
        """
        try:
            yield
        except CheckpointError:
            raise
        except (LookupError, TypeError, ValueError, ArithmeticError, AttributeError) as error:
            what = str(error) if part is None else f"the {part} can't be made ({error})."
            raise CheckpointError(f"{self.origin}: {what}") from error

    @property
    def score_quantiles(self) -> npt.NDArray[np.float64] | None:
        """The score quantiles, in the tensor that every kind of router uses; None if absent."""
        name = "score_quantiles"
        if name not in self.tensors:
            return None
        read = self.tensor(name, (None,))[: MOST_QUANTILES + 1]
        quantiles: npt.NDArray[np.float64] = read.astype(np.float64)
        if (
            not 2 <= len(quantiles) <= MOST_QUANTILES
            or quantiles[0] < 0.0
            or quantiles[-1] > 1.0
            or (np.diff(quantiles) < 0.0).any()
        ):
            raise CheckpointError(
                f"{self.origin}: tensor {name!r} does not hold two or more ascending numbers in [0, 1]. "
                f"{REMEDY}"
            )
        return quantiles

    def file(self, name: str) -> bytes:
        """Return one extra file's content; CheckpointError if it is missing."""
        if name not in self.files:
            raise CheckpointError(f"{self.origin}: the file {name!r} is missing. {REMEDY}")
        return self.files[name]


def write_checkpoint(folder: str | PathLike[str], checkpoint: Checkpoint) -> None:
    """Write a checkpoint into `folder` (created if missing); each file replaces an older one whole.

    Raises:
        CheckpointError: a tensor holds NaN or infinity.
    """
    target = Path(folder)
    check_finite({**checkpoint.tensors, **checkpoint.arrays}, str(target))
    contents = _contents(checkpoint)
    digests = {name: hashlib.sha256(content).hexdigest() for name, content in contents.items()}
    target.mkdir(parents=True, exist_ok=True)
    for name, array in checkpoint.arrays.items():
        digests[name + ARRAY_SUFFIX] = replace_array(target / (name + ARRAY_SUFFIX), array)
    config = _config(checkpoint, digests)
    for name, inner in checkpoint.inner.items():
        write_checkpoint(target / name, inner)
    for name, content in contents.items():
        replace_file(target / name, content)
    # Last, so that a reader never finds a configuration whose files are not there yet.
    replace_file(target / CONFIG_FILE, (json.dumps(config, indent=2, sort_keys=True) + "\n").encode())


def checkpoint_digest(checkpoint: Checkpoint) -> str:
    """Return the SHA-256 of a router's kind, settings and the content of every file, in hexadecimal."""
    if checkpoint.digest:
        return checkpoint.digest
    digests = {name: hashlib.sha256(content).hexdigest() for name, content in _contents(checkpoint).items()}
    digests |= {name + ARRAY_SUFFIX: array_digest(array) for name, array in checkpoint.arrays.items()}
    return config_digest(_config(checkpoint, digests))


def read_checkpoint(folder: str | PathLike[str], *, allow_hosts: Collection[str] = frozenset()) -> Checkpoint:
    """Read a checkpoint from `folder`.

    Args:
        folder: what `write_checkpoint` wrote.
        allow_hosts: see `load_router`.

    Raises:
        FileNotFoundError: the folder or its `config.json` does not exist.
        CheckpointError: a file is damaged or missing, the format is newer than this version reads, or a
            tensor holds NaN or infinity.
    """
    source = Path(folder)
    if not lexists(source / CONFIG_FILE):
        raise FileNotFoundError(f"{source} holds no {CONFIG_FILE}: it is not a saved router.")
    return _read(source, allow_hosts, 0, [])


def _read(source: Path, allow_hosts: Collection[str], depth: int, read: list[Path]) -> Checkpoint:
    """Read a checkpoint that lies inside `depth` others; `read` lists all inner ones so far."""
    config = read_config(source / CONFIG_FILE)
    digests: dict[str, str] = config["sha256"]
    arrays = {
        name.removesuffix(ARRAY_SUFFIX): map_verified(source, name, digest)
        for name, digest in digests.items()
        if name.endswith(ARRAY_SUFFIX)
    }
    check_finite(arrays, str(source))
    files = {
        name: read_verified(source, name, digest)
        for name, digest in digests.items()
        if not name.endswith(ARRAY_SUFFIX)
    }
    tensors = read_tensors(files.pop(TENSOR_FILE), source) if TENSOR_FILE in files else {}
    return Checkpoint(
        router=config["router"],
        settings=config["settings"],
        tensors=tensors,
        files=files,
        origin=str(source),
        arrays=arrays,
        digest=config_digest(config),
        name=config.get("name"),
        inner={
            name: _read_inner(source, name, digest, allow_hosts, depth + 1, read)
            for name, digest in config.get("inner", {}).items()
        },
        allow_hosts=frozenset(allow_hosts),
    )


def _read_inner(
    source: Path, name: str, digest: object, allow_hosts: Collection[str], depth: int, read: list[Path]
) -> Checkpoint:
    read.append(source / name)
    if depth > DEEPEST:
        raise CheckpointError(f"{source} lies inside more than {DEEPEST} other routers. {REMEDY}")
    if len(read) > MOST_INNER:
        raise CheckpointError(f"{source} is one of more than {MOST_INNER} routers inside another. {REMEDY}")
    if Path(name).name != name or name in ("", ".", "..") or not name.isprintable():
        raise CheckpointError(f"{source}: the inner router {name!r} is not a plain name. {REMEDY}")
    if not lexists(source / name / CONFIG_FILE):
        raise CheckpointError(f"{source}: the inner router {name!r} is missing. {REMEDY}")
    inner = _read(source / name, allow_hosts, depth, read)
    if inner.digest != digest:
        raise CheckpointError(f"{source / name} is not the router that {source} was saved with. {REMEDY}")
    return inner


def _contents(checkpoint: Checkpoint) -> dict[str, bytes]:
    from safetensors.numpy import save

    contents = dict(checkpoint.files)
    if checkpoint.tensors:
        contents[TENSOR_FILE] = save({k: np.ascontiguousarray(v) for k, v in checkpoint.tensors.items()})
    return contents


def _config(checkpoint: Checkpoint, digests: Mapping[str, str]) -> dict[str, Any]:
    config: dict[str, Any] = {
        "format_version": FORMAT_VERSION,
        "router": checkpoint.router,
        "settings": dict(checkpoint.settings),
        "sha256": dict(sorted(digests.items())),
    }
    if checkpoint.name:
        config["name"] = checkpoint.name
    if checkpoint.inner:
        config["inner"] = {name: checkpoint_digest(inner) for name, inner in checkpoint.inner.items()}
    return config
