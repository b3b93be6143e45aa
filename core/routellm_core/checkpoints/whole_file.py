"""Whole files: each gets its name once complete, so that a reader never finds a partial one."""

from __future__ import annotations

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
    unfinished = path.with_name(f"{path.name}.{os.getpid()}.part")
    try:
        with unfinished.open("wb") as stream:
            yield stream
            stream.flush()
            os.fsync(stream.fileno())
        os.replace(unfinished, path)
    finally:
        unfinished.unlink(missing_ok=True)
