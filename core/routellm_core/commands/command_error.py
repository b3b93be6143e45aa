"""CommandError: why a command ends without a result, in one line for the user."""

from __future__ import annotations

from pathlib import Path

from routellm_core.checkpoints.files import CheckpointError
from routellm_core.embedders.embedder import EmbedderError
from routellm_core.preferences.judging.paid_calls import CAP_REACHED
from routellm_core.preferences.reading.records import DataError
from routellm_core.router import RouterError
from routellm_core.routing.logged_decisions import DecisionLogError

USAGE = 2
UNREADABLE = 3
NO_GAIN = 4
PROVIDER_FAILED = 5
CAP = 6
INTERRUPTED = 130

EXIT_STATUSES = f"""exit statuses:
  0  done
  {USAGE}  an argument, or an extra that is not installed
  {UNREADABLE}  a file that is missing, can't be read or written, or holds nothing of use
  {NO_GAIN}  no gain: routing saves nothing, or a router is no better
  {PROVIDER_FAILED}  a provider failed; what it answered is kept
  {CAP}  the cap on spend is reached; what was paid for is kept
  {INTERRUPTED}  interrupted (Ctrl-C)"""


class CommandError(Exception):
    """The command can't continue, for a reason other than its input; the message says what to do."""

    exit_status = USAGE


class UnwritableError(CommandError):
    """A file can't be written."""

    exit_status = UNREADABLE


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
    if isinstance(error, RouterError | EmbedderError):
        return PROVIDER_FAILED
    if isinstance(error, FileExistsError):
        return USAGE
    if isinstance(error, DataError | DecisionLogError | CheckpointError | OSError | MemoryError):
        return UNREADABLE
    return USAGE


def told(error: BaseException) -> str:
    """Return what is wrong in one line, with the file if the system named one."""
    if not isinstance(error, OSError) or not isinstance(error.filename, str):
        return " ".join(str(error).split()) or type(error).__name__
    folder = Path(error.filename).parent
    if isinstance(error, FileNotFoundError) and not folder.is_dir():
        return f"{error.filename}: the folder {folder} does not exist."
    if isinstance(error, FileNotFoundError):
        return f"{error.filename} does not exist."
    return f"{error.filename}: {error.strerror}."
