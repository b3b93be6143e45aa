"""Whole files: each takes its name when it is complete, so that a reader never finds a part of one."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO


@contextmanager
def replaced_whole(path: Path) -> Iterator[BinaryIO]:
    """Open a stream whose content replaces the file at `path` when the block ends.

    Where the block raises, or the process dies, what was there before stays. Whoever has opened or mapped the
    older file keeps its content: the file is replaced and not changed.

    Raises:
        OSError: the folder does not exist or can't be written to.
    """
    unfinished = path.with_name(f"{path.name}.{os.getpid()}.part")
    try:
        with unfinished.open("wb") as stream:
            yield stream
            stream.flush()
            os.fsync(stream.fileno())
        os.replace(unfinished, path)
    finally:
        unfinished.unlink(missing_ok=True)
