"""Load errors: whatever goes wrong while loading a router from files, raised as one kind of error."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from routellm_core.checkpoints.files import REMEDY, CheckpointError

_SHOWN = 300
"""Characters of the original error quoted in a message."""


@contextmanager
def loading_from(origin: Path | str, *, settings: bool = False) -> Iterator[None]:
    """Raise a CheckpointError that names `origin` for whatever the block raises because of its files.

    Args:
        origin: the folder.
        settings: whether the caller gave settings, so that a ValueError or TypeError may be theirs: it stays
            as it is.
    """
    try:
        yield
    except (CheckpointError, FileNotFoundError, ImportError, KeyboardInterrupt, SystemExit):
        raise
    except BaseException as error:
        # A library's panic over a damaged file is not an Exception.
        if settings and isinstance(error, ValueError | TypeError):
            raise
        reason = " ".join(f"{type(error).__name__}: {error}".split())[:_SHOWN]
        raise CheckpointError(f"{origin} holds no router that can score ({reason}). {REMEDY}") from error
