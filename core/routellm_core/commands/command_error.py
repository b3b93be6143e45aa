"""CommandError: why a command ends without a result, in one line for the user."""

from __future__ import annotations

from routellm_core.checkpoints.files import CheckpointError
from routellm_core.preferences.judging.paid_calls import CAP_REACHED
from routellm_core.preferences.reading.records import DataError
from routellm_core.router import RouterError

USAGE = 2
UNREADABLE = 3
NO_GAIN = 4
PROVIDER_FAILED = 5
CAP = 6
INTERRUPTED = 130

EXIT_STATUSES = f"""exit statuses:
  0  done
  {USAGE}  an argument, or an extra that is not installed
  {UNREADABLE}  a file that is missing, can't be read, or holds nothing of use
  {NO_GAIN}  no gain: routing saves nothing, or a router is no better
  {PROVIDER_FAILED}  a provider failed; what it answered is kept
  {CAP}  the cap on spend is reached; what was paid for is kept
  {INTERRUPTED}  interrupted (Ctrl-C)"""


class CommandError(Exception):
    """The command can't continue, for a reason other than its input; the message says what to do."""

    exit_status = USAGE


class NoGainError(CommandError):
    """A router is not clearly better than another, or not cheaper than none, as required."""

    exit_status = NO_GAIN


class ProviderFailedError(CommandError):
    """A provider does not answer, or rejects the request."""

    exit_status = PROVIDER_FAILED


class CapReachedError(CommandError):
    """The next call could cost more than the user allows."""

    exit_status = CAP


class InterruptedByUser(CommandError):
    """Ctrl-C."""

    exit_status = INTERRUPTED


def ended_early(reason: str, message: str) -> CommandError:
    """Return the error for a run of paid calls that ended early, by its reason."""
    kind = CapReachedError if reason.startswith(CAP_REACHED) else ProviderFailedError
    return kind(f"{reason}. {message}")


def exit_status(error: BaseException) -> int:
    """Return the exit status for an error that ends a command."""
    if isinstance(error, CommandError):
        return error.exit_status
    if isinstance(error, RouterError):
        return PROVIDER_FAILED
    if isinstance(error, FileExistsError):
        return USAGE
    if isinstance(error, DataError | CheckpointError | OSError | MemoryError):
        return UNREADABLE
    return USAGE
