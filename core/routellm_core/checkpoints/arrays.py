"""Mapped arrays: they stay on disk (`.npy`), are written whole or not at all, and are never a pickle."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import IO, Any, cast

import numpy as np
import numpy.typing as npt

from routellm_core.checkpoints.plain_file import opened_plain
from routellm_core.checkpoints.whole_file import replaced_whole

_BLOCK_BYTES = 2**24


def map_array(path: Path) -> npt.NDArray[Any]:
    """Return the array of a file, memory-mapped and read-only.

    Raises:
        OSError: the file can't be opened.
        EOFError: it is empty.
        ValueError: it holds no array of numbers.
    """
    # asarray: a plain array over the same pages, so that results computed from it are not memory maps.
    array = np.asarray(np.load(path, mmap_mode="r", allow_pickle=False))
    if array.dtype.kind not in "iufb":
        raise ValueError(f"it holds values of type {array.dtype}")
    return array


def replace_array(path: Path, array: npt.NDArray[Any]) -> str:
    """Write an array in place of an older file, see `replaced_whole`, and return the new one's SHA-256."""
    with replaced_whole(path) as stream:
        np.lib.format.write_array(stream, np.ascontiguousarray(array), allow_pickle=False)
    return file_digest(path)


def file_digest(path: Path) -> str:
    """Return a file's SHA-256, without holding the file in memory."""
    with opened_plain(path) as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def array_digest(array: npt.NDArray[Any]) -> str:
    """Return the SHA-256 of the file that `replace_array` would write."""
    stream = _HashingStream()
    np.lib.format.write_array(cast(IO[bytes], stream), np.ascontiguousarray(array), allow_pickle=False)
    return stream.hash.hexdigest()


class _HashingStream:
    def __init__(self) -> None:
        self.hash = hashlib.sha256()

    def write(self, data: bytes) -> int:
        self.hash.update(data)
        return len(data)


def count_not_finite(array: npt.NDArray[Any]) -> int:
    """Count values that are NaN or infinite, in blocks of rows: a mask of the whole might not fit memory."""
    if not array.size or not np.issubdtype(array.dtype, np.floating):
        return 0  # a table without columns may have more rows than can be counted
    rows = np.atleast_1d(array)
    step = max(1, _BLOCK_BYTES // max(1, rows[:1].nbytes))
    starts = range(0, len(rows), step)
    return sum(int((~np.isfinite(rows[start : start + step])).sum()) for start in starts)
