"""Note: a line of a command that is for people and not a result."""

from __future__ import annotations


class Note(str):
    """A line on standard error: what was read, and as what. Only results go to standard output."""
