"""DiskReserve: room on the disk that is kept free for answers that are paid for when the disk gets full."""

from __future__ import annotations

import errno
from pathlib import Path

RESERVED_BYTES = 4 * 2**20
"""As much as 64 answers of 2,000 tokens take at most."""

FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
"""Errors of a disk, a quota or a limit that is reached."""


class DiskReserve:
    """A file beside a log that only takes room, until it is released."""

    def __init__(self, log: Path) -> None:
        """Take the room.

        Raises:
            OSError: there is not so much; names the file.
        """
        self._path = log.with_name(f"{log.name}.reserve")
        self.held = True
        try:
            with self._path.open("wb") as stream:
                stream.write(bytes(RESERVED_BYTES))
        except OSError as error:
            self.release()
            raise OSError(error.errno, error.strerror, str(self._path)) from error

    def release(self) -> None:
        """Release the room."""
        self.held = False
        self._path.unlink(missing_ok=True)
