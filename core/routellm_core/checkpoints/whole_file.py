"""Whole files: each gets its name once complete, so that a reader never finds a partial one."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO


@contextmanager
def replaced_whole(path: Path) -> Iterator[BinaryIO]:
    """Open a stream whose content replaces the file at `path` when the block ends.

    If the block raises or the process dies, the older file stays. A process that has it open or mapped keeps
    its content: the file is replaced, not changed. A pipe or a device is written to in place.

    Raises:
        OSError: the folder does not exist or can't be written to.
    """
    if path.exists() and not path.is_file():
        with path.open("wb") as stream:
            yield stream
        return
    unfinished = _unfinished(path)
    try:
        with _opened(unfinished, path) as stream:
            yield stream
            stream.flush()
            os.fsync(stream.fileno())
        os.replace(unfinished, path)
    finally:
        unfinished.unlink(missing_ok=True)


def check_writable(path: Path) -> None:
    """Try, before work that costs, whether a file can be written; leave nothing behind.

    Raises:
        OSError: it can't.
    """
    if path.exists() and not path.is_file():
        # A folder raises; what is written to in place is not touched.
        if path.is_dir():
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
        return
    unfinished = _unfinished(path)
    try:
        _opened(unfinished, path).close()
    finally:
        unfinished.unlink(missing_ok=True)


def _unfinished(path: Path) -> Path:
    return path.with_name(f"{path.name}.{os.getpid()}.part")


def _opened(unfinished: Path, path: Path) -> BinaryIO:
    try:
        return unfinished.open("wb")
    except OSError as error:
        # By the name that the user knows.
        raise type(error)(error.errno, error.strerror, str(path)) from error
