"""The console script `routellm`: parses, runs one command, prints its lines; the only place that prints."""

from __future__ import annotations

import argparse
import importlib
import os
import sys
from collections.abc import Sequence
from typing import NoReturn

from routellm_core._version import __version__
from routellm_core.commands.command_error import CommandError
from routellm_core.commands.note import Note

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
    "evaluate",
)

_BAD_INPUT = 2


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        # One line, like every other error; --help shows the usage.
        self.exit(_BAD_INPUT, f"{self.prog}: error: {message} (see {self.prog} --help)\n")


def parser() -> argparse.ArgumentParser:
    """Return the parser of all commands."""
    top = _Parser(
        prog="routellm",
        description="Route each prompt to a strong or a weak model: score prompts, find a threshold, "
        "evaluate routers, train one.",
    )
    top.add_argument("--version", action="version", version=f"routellm-plugins {__version__}")
    commands = top.add_subparsers(dest="command", required=True, metavar="command", parser_class=_Parser)
    for name in COMMANDS:
        module = importlib.import_module(f"routellm_core.commands.{name}")
        command = commands.add_parser(name, help=module.SUMMARY, description=module.__doc__)
        module.add_arguments(command)
        command.set_defaults(run=module.run)
    return top


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command.

    Returns:
        0; 2 for bad input and 4 if a gain that was asked for is missing, told in one line on standard error.
    """
    options = parser().parse_args(arguments)
    try:
        for line in options.run(options, _say):
            print(line, file=sys.stderr if isinstance(line, Note) else sys.stdout)
        sys.stdout.flush()
    except BrokenPipeError:
        # The reader (head, less) has what it wanted. Python would complain once more at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except (CommandError, ValueError, TypeError, OSError, ImportError) as error:
        print(f"routellm {options.command}: error: {' '.join(str(error).split())}", file=sys.stderr)
        return error.exit_status if isinstance(error, CommandError) else _BAD_INPUT
    return 0


def _say(line: str) -> None:
    # Progress is for people at a terminal; a log or a pipe gets results and errors only.
    if sys.stderr.isatty():
        print(line, file=sys.stderr)


if __name__ == "__main__":
    raise SystemExit(main())
