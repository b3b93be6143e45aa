"""Each kind of failure has an exit status of its own, which the help tells."""

import pytest

from routellm_core.checkpoints.files import CheckpointError
from routellm_core.commands.cli import main
from routellm_core.commands.command_error import (
    EXIT_STATUSES,
    CommandError,
    InterruptedByUser,
    NoGainError,
    ended_early,
    exit_status,
)
from routellm_core.preferences.judging.paid_calls import CAP_REACHED
from routellm_core.preferences.reading.records import DataError
from routellm_core.router import RouterError


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (ValueError("x"), 2),
        (ImportError("x"), 2),
        (CommandError("x"), 2),
        (FileExistsError("x"), 2),
        (DataError("x"), 3),
        (CheckpointError("x"), 3),
        (FileNotFoundError("x"), 3),
        (MemoryError(), 3),
        (NoGainError("x"), 4),
        (RouterError("x"), 5),
        (ended_early("no answer", "Go on."), 5),
        (ended_early(f"{CAP_REACHED}: 4.00", "Go on."), 6),
        (InterruptedByUser("x"), 130),
    ],
)
def test_exit_statuses(error: Exception, status: int) -> None:
    assert exit_status(error) == status
    assert f"\n  {status}  " in EXIT_STATUSES


def test_the_help_tells_them(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--help"])

    assert EXIT_STATUSES in capsys.readouterr().out
