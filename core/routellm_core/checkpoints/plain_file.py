"""Plain files: read only if the name is a file of bounded size, never a pipe or a device."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from io import BufferedReader
from pathlib import Path

MOST_CONFIG_BYTES = 2**20
"""Most bytes of a settings file. Parsed JSON takes up to 25 times its size."""


@contextmanager
def opened_plain(path: Path) -> Iterator[BufferedReader]:
    """Open a file for reading; links are followed, because the Hub's cache consists of them.

    Raises:
        OSError: it can't be opened, or is a pipe, a device or a folder.
    """
    try:
        # Opening a pipe would wait for a writer.
        handle = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    except ValueError as error:
        # A name with a NUL or a lone surrogate, which no file has.
        raise OSError(errno.EINVAL, f"no file can have that name: {error}") from None
    with os.fdopen(handle, "rb") as stream:
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            raise OSError(errno.EINVAL, "it is a pipe, a device or a folder, not a plain file")
        yield stream


def read_plain(path: Path, *, most: int | None = None) -> bytes:
    """Return a file's content.

    Args:
        path: the file.
        most: the most bytes that it may have; None for no limit.

    Raises:
        OSError: it can't be read, is no plain file, is larger than `most` or than memory.
    """
    with opened_plain(path) as stream:
        size = os.fstat(stream.fileno()).st_size
        if most is not None and size > most:
            raise OSError(errno.EFBIG, f"it has {size} bytes, expected at most {most}")
        try:
            return stream.read(size)
        except (MemoryError, OverflowError):
            raise OSError(errno.EFBIG, f"it has {size} bytes, more than memory holds") from None
