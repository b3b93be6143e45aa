"""Panics: errors that are no Exception, and what they are to a call that only asked something beside it."""

from __future__ import annotations

from routellm_core.router import RouterError


def failure_of(error: BaseException) -> Exception | None:
    """Return an error as the failure of what was asked; None for what ends its caller as well.

    A panic of a library in Rust is no Exception, and still only a failure.
    """
    if isinstance(error, Exception):
        return error
    ends = isinstance(error, KeyboardInterrupt | SystemExit | GeneratorExit)
    # asyncio is not imported for those who never await a score.
    return None if ends or type(error).__name__ == "CancelledError" else ended_with(error)


def ended_with(error: BaseException) -> RouterError:
    """Return the failure of what ended with an error that is no Exception."""
    return RouterError(f"it ended with {type(error).__name__}.")
