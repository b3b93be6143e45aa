"""CommandError: why a command ends without its result, in one line for whoever typed it."""

from __future__ import annotations


class CommandError(Exception):
    """The command can't go on, for a reason outside of its input; the message says what to do."""

    exit_status = 2


class NoGainError(CommandError):
    """A router was asked to be better than another, and is not beyond doubt."""

    exit_status = 4
