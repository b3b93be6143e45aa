"""The console script `routellm`: parses, runs one command, prints its lines."""

from __future__ import annotations

import argparse
import importlib
import os
import sys
import time
from collections.abc import Callable, Sequence
from typing import IO, NoReturn

from routellm_core._version import __version__
from routellm_core.checkpoints.hosts import allowing_hosts
from routellm_core.commands.arguments import check_pair
from routellm_core.commands.command_error import (
    EXIT_STATUSES,
    INTERRUPTED,
    USAGE,
    CommandError,
    exit_status,
    told,
)
from routellm_core.commands.note import Note
from routellm_core.router import RouterError

COMMANDS = (
    "score",
    "explain",
    "savings",
    "label",
    "golden",
    "clean",
    "tiers",
    "adapt",
    "train",
    "calibrate",
    "check",
    "outcome",
    "evaluate",
)

SECONDS_BETWEEN_LINES = 60.0
"""Seconds between progress lines if no terminal shows them."""

_CONTROLS = {*range(0x20), *range(0x7F, 0xA0)} - {ord("\t"), ord("\n")}
_TURNS = {*range(0x202A, 0x202F), *range(0x2066, 0x206A)}
_OBEYED = {code: chr(code).encode("unicode_escape").decode() for code in _CONTROLS | _TURNS}
"""What moves a terminal's cursor, sets its title or clipboard, or turns text around -> how it is shown."""

_TOLD = (CommandError, RouterError, ValueError, TypeError, OSError, ImportError, MemoryError)


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        # One line, like every other error; --help shows the usage.
        self.exit(USAGE, f"{self.prog}: error: {message} (see {self.prog} --help)\n")


def parser() -> argparse.ArgumentParser:
    """Return the parser of all commands."""
    top = _Parser(
        prog="routellm",
        description="Route each prompt to a strong or a weak model: score prompts, find a threshold, "
        "evaluate and train routers.",
        epilog=EXIT_STATUSES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    top.add_argument("--version", action="version", version=f"routellm-plugins {__version__}")
    top.add_argument(
        "--allow-host",
        action="append",
        default=[],
        metavar="HOST",
        help="a host that a router's files may name; it receives prompts and the key",
    )
    commands = top.add_subparsers(dest="command", required=True, metavar="command", parser_class=_Parser)
    for name in COMMANDS:
        module = importlib.import_module(f"routellm_core.commands.{name}")
        command = commands.add_parser(
            name,
            help=module.SUMMARY,
            description=module.__doc__,
            epilog=f"example:\n{module.EXAMPLE}",
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        module.add_arguments(command)
        command.set_defaults(run=module.run)
    return top


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command.

    Returns:
        0, or the status of a failure, see `command_error.EXIT_STATUSES`, reported in one line on standard
        error.
    """
    name = "routellm"
    try:
        options = parser().parse_args(arguments)
        name = f"routellm {options.command}"
        check_pair(options)
        with allowing_hosts(options.allow_host):
            for line in options.run(options, Progress(sys.stderr)):
                _print(line, sys.stderr if isinstance(line, Note) else sys.stdout)
        sys.stdout.flush()
    except BrokenPipeError:
        # The reader (head, less) has what it wanted. Python would report the closed pipe again at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except KeyboardInterrupt:
        print(f"{name}: interrupted.", file=sys.stderr)
        return INTERRUPTED
    except _TOLD as error:
        _print(f"{name}: error: {told(error)}", sys.stderr)
        return exit_status(error)
    return 0


def _print(line: str, stream: IO[str]) -> None:
    """Print a line; to a terminal without what a terminal would obey, which a model's name may hold."""
    print(line.translate(_OBEYED) if stream.isatty() else line, file=stream)


class Progress:
    """Reports progress: every line to a terminal, a line a minute to a log or a pipe."""

    def __init__(self, stream: IO[str], clock: Callable[[], float] = time.monotonic) -> None:
        """Store the output stream; without a terminal the first minute is silent."""
        self._stream = stream
        self._clock = clock
        self._last = clock()

    def __call__(self, line: str) -> None:
        """Print a line, if it is time."""
        now = self._clock()
        if self._stream.isatty() or now - self._last >= SECONDS_BETWEEN_LINES:
            self._last = now
            _print(line, self._stream)
            self._stream.flush()


if __name__ == "__main__":
    raise SystemExit(main())
