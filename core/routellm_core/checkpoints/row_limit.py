"""Row limit: how many rows a router's files may hold, so that loading takes little more memory than they do.

A row of a table costs a few hundred bytes in memory, however few its numbers take in the file.
"""

from __future__ import annotations

MOST_ROWS = 200_000
"""As many as any file may have."""

_BYTES_PER_ROW = 60
"""Of a larger file: one row more for so many bytes."""


def check_rows(rows: int, size: int, what: str, *, most: int = MOST_ROWS) -> None:
    """Reject a table of too many rows.

    Args:
        rows: how many there are.
        size: the bytes that hold them.
        what: the table, for the message.
        most: as many as any file may have.

    Raises:
        ValueError: there are more than fit the bytes.
    """
    limit = most + size // _BYTES_PER_ROW
    if rows > limit:
        raise ValueError(f"{what} has {rows} rows in {size} bytes, expected at most {limit}.")
