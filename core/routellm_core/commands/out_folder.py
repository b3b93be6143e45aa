"""Out folder: where a command writes a router, its name, and protection from overwriting."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from pathlib import Path

from routellm_core.checkpoints.checkpoint import CONFIG_FILE
from routellm_core.router import check_name


def add_out_arguments(parser: ArgumentParser) -> None:
    """Add `--out`, `--name` and `--force`."""
    parser.add_argument("--out", required=True, metavar="DIR", help="folder to write the router to")
    parser.add_argument(
        "--name", help="what the router is called in tables, records and traces (default: the folder's name)"
    )
    parser.add_argument("--force", action="store_true", help="replace the router that --out already holds")


def check_out(options: Namespace) -> None:
    """Check, before any work, that the router can be written.

    Raises:
        FileExistsError: the folder holds a router, and `--force` is not given.
        NotADirectoryError: it is a file.
        ValueError: the name is invalid.
    """
    folder = Path(options.out)
    if folder.exists() and not folder.is_dir():
        raise NotADirectoryError(f"--out is {options.out!r}, a file; expected a folder.")
    if (folder / CONFIG_FILE).exists() and not options.force:
        raise FileExistsError(
            f"--out {options.out} already holds a router: give another folder, or --force to replace it."
        )
    if options.name is not None:
        check_name(options.name)
