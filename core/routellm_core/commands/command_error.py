"""CommandError: why a command ends without its result, in one line for whoever typed it."""

from __future__ import annotations


class CommandError(Exception):
    """The command can't go on, for a reason outside of its input; the message says what to do."""
